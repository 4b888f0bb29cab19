import type { ImageHeader } from "./header_type.ts";
import { type PngPass, pngPasses, unfilter } from "./png_rows.ts";
import type { Rgba } from "./rgba.ts";

/** What a PNG file has beside its rows. */
export interface PngColors {
  /** RGB of each colour, of a palette. */
  readonly palette: Uint8Array | undefined;
  /** The alphas of a palette, or the samples of the colour that is transparent. */
  readonly transparency: Uint8Array | undefined;
}

/** The bytes of all filtered rows. */
export function rowBytes(header: ImageHeader, isInterlaced: boolean): number {
  return pngPasses(header, isInterlaced).reduce(
    (sum, pass) => sum + pass.rows * (1 + bytesOf(pass, header)),
    0,
  );
}

/** Makes RGBA of filtered rows, which it changes; 16 bits are cut to 8. Returns `undefined` for an unknown filter. */
export function pngPixels(
  rows: Uint8Array,
  header: ImageHeader,
  { isInterlaced, ...colors }: PngColors & { isInterlaced: boolean },
): Rgba | undefined {
  const { width, height, bitDepth, channels } = header, data = new Uint8Array(width * height * 4);
  const step = Math.max(1, bitDepth * channels >> 3), put = putterOf(header, colors);
  let start = 0;
  for (const pass of pngPasses(header, isInterlaced)) {
    const bytes = bytesOf(pass, header),
      end = start + pass.rows * (1 + bytes),
      some = rows.subarray(start, end);
    if (!unfilter(some, { bytes, step })) return undefined;
    for (let y = 0; y < pass.rows; y++) {
      const row = some.subarray(y * (bytes + 1) + 1, (y + 1) * (bytes + 1));
      const first = ((pass.top + y * pass.down) * width + pass.left) * 4;
      put(row, data, { first, step: pass.across * 4, columns: pass.columns });
    }
    start = end;
  }
  return { width, height, data };
}

function bytesOf({ columns }: PngPass, { bitDepth, channels }: ImageHeader): number {
  return Math.ceil(columns * bitDepth * channels / 8);
}

/** Writes the pixels of a row into RGBA. */
type Put = (row: Uint8Array, data: Uint8Array, at: { first: number; step: number; columns: number }) => void;

function putterOf(header: ImageHeader, { palette, transparency }: PngColors): Put {
  if (palette) return ofTable(header.bitDepth, (i) => [...rgbAt(palette, i), transparency?.[i] ?? 255]);
  if (header.bitDepth < 8) {
    const most = (1 << header.bitDepth) - 1, clear = transparency?.[1];
    return ofTable(header.bitDepth, (i) => [...Array(3).fill(i * 255 / most), i === clear ? 0 : 255]);
  }
  return ofSamples(header, transparency);
}

/** Entries behind the end of a palette are black. */
function rgbAt(palette: Uint8Array, i: number): number[] {
  return [0, 1, 2].map((channel) => palette[3 * i + channel] ?? 0);
}

/** Samples of at most 8 bits that stand for colours. */
function ofTable(bitDepth: number, color: (sample: number) => readonly number[]): Put {
  const table = Uint8Array.from(Array.from({ length: 1 << bitDepth }, (_, i) => color(i)).flat());
  const mask = (1 << bitDepth) - 1;
  return (row, data, { first, step, columns }) => {
    for (let x = 0, bit = bitDepth, to = first; x < columns; x++, bit += bitDepth, to += step) {
      const from = (row[bit - 1 >> 3]! >> (-bit & 7) & mask) * 4;
      for (let channel = 0; channel < 4; channel++) data[to + channel] = table[from + channel]!;
    }
  };
}

/** Samples of 8 or 16 bits: grey or RGB, and alpha. */
function ofSamples({ bitDepth, channels }: ImageHeader, clear: Uint8Array | undefined): Put {
  const bytes = bitDepth >> 3, size = bytes * channels, isGrey = channels < 3;
  const green = isGrey ? 0 : bytes, blue = 2 * green, alpha = channels % 2 === 0 ? size - bytes : -1;
  // The samples of the transparent colour have 2 bytes, whatever the depth.
  const compared = alpha < 0 ? clear?.filter((_, i) => bytes === 2 || i % 2 === 1) : undefined;
  return (row, data, { first, step, columns }) => {
    for (let x = 0, from = 0, to = first; x < columns; x++, from += size, to += step) {
      data[to] = row[from]!;
      data[to + 1] = row[from + green]!;
      data[to + 2] = row[from + blue]!;
      data[to + 3] = alpha >= 0
        ? row[from + alpha]!
        : compared?.every((byte, i) => byte === row[from + i])
        ? 0
        : 255;
    }
  };
}
