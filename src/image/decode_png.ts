import { concat } from "../io/concat.ts";
import { ImageError } from "../tensor/errors.ts";
import { type ImageHeader, UnsupportedImageError } from "./header_type.ts";
import { type PngChunk, pngChunks } from "./png_chunks.ts";
import { pngPixels, rowBytes } from "./png_pixels.ts";
import { inflateRows } from "./png_zlib.ts";
import type { Rgba } from "./rgba.ts";

const action = "Cannot decode the PNG image";

/**
 * Decodes a PNG file, of an animation the default image, by what makes the pixels: IHDR, PLTE, tRNS and IDAT. What else there is
 * matters as little as its damage. Throws `ImageError` if one of these chunks is missing, out of place or damaged, by its checksum
 * or that of the compressed data.
 */
export async function decodePng(bytes: Uint8Array, header: ImageHeader): Promise<Rgba> {
  const { ihdr, palette: colors, transparency, data } = collect(bytes);
  const colorType = ihdr[9]!, isInterlaced = ihdr[12] === 1;
  if (ihdr[10] !== 0 || ihdr[11] !== 0 || ihdr[12]! > 1) {
    throw damaged("methods 0 and 0, interlace 0 or 1", `${ihdr.slice(10, 13)}`);
  }
  const palette = colorType === 3 ? colors ?? new Uint8Array() : undefined,
    entries = (palette?.length ?? 0) / 3;
  if (palette && (entries === 0 || entries % 1 !== 0 || entries > 256)) {
    throw damaged("a palette of 1 to 256 colours", colors ? `${palette.length} bytes` : "none");
  }
  const isClear = transparency && fits(transparency.length, { colorType, entries });
  const rows = await inflateRows(data, rowBytes(header, isInterlaced));
  const pixels = pngPixels(rows, header, {
    palette,
    transparency: isClear ? transparency : undefined,
    isInterlaced,
  });
  if (!pixels) throw damaged("filters 0 to 4", "another");
  return pixels;
}

/** Whether tRNS has the length that the colour type asks for. Beside alpha it has no meaning; decoders pass it over. */
function fits(length: number, { colorType, entries }: { colorType: number; entries: number }): boolean {
  if (colorType === 0) return length === 2;
  if (colorType === 2) return length === 6;
  return colorType === 3 && length > 0 && length <= entries;
}

interface Parts {
  readonly ihdr: Uint8Array;
  readonly palette?: Uint8Array;
  readonly transparency?: Uint8Array;
  readonly data: Uint8Array;
}

function collect(bytes: Uint8Array): Parts {
  let ihdr: Uint8Array | undefined, palette: Uint8Array | undefined, transparency: Uint8Array | undefined;
  const data: Uint8Array[] = [];
  let previous = "";
  for (const one of pngChunks(bytes)) {
    const { name } = one;
    if (isCritical(name)) checkChunk(one, { previous, data });
    if (name === "IHDR") ihdr = one.data;
    if (name === "PLTE" && data.length === 0) palette ??= one.data;
    if (name === "tRNS" && data.length === 0) transparency ??= one.data;
    if (name === "IDAT") data.push(one.data);
    if (name === "IEND") {
      if (ihdr && data.length > 0) return { ihdr, palette, transparency, data: concat(data) };
      throw damaged("an IDAT chunk before IEND", "none");
    }
    previous = name;
  }
  throw new ImageError(action, {
    expected: "an IEND chunk",
    got: `the end of the data after ${bytes.length} bytes`,
    hint: "the file is truncated; fetch it again",
  });
}

function checkChunk(
  { name, intact }: PngChunk,
  { previous, data }: { previous: string; data: readonly Uint8Array[] },
): void {
  if (!intact) {
    throw new ImageError(action, {
      expected: `the checksum (CRC) of its chunk ${name}`,
      got: "another one",
      hint: "the file is damaged; fetch it again",
    });
  }
  if (!["IHDR", "PLTE", "IDAT", "IEND"].includes(name)) {
    throw new UnsupportedImageError("Cannot decode this kind of PNG", {
      expected: "chunks of the PNG specification",
      got: `the critical chunk ${name}`,
      hint: "save it anew as PNG",
    });
  }
  if ((name === "IHDR") !== (previous === "")) throw damaged("one IHDR chunk, at the start", name);
  if (name === "IDAT" && data.length > 0 && previous !== "IDAT") {
    throw damaged("IDAT chunks one after the other", `${previous} between them`);
  }
}

function isCritical(name: string): boolean {
  return name[0]! <= "Z";
}

function damaged(expected: string, got: string): ImageError {
  return new ImageError(action, { expected, got, hint: "the file is damaged; fetch it again" });
}
