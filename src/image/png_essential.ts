import { concat } from "../io/concat.ts";
import { crc32 } from "../io/crc32.ts";
import { ImageError } from "../tensor/errors.ts";
import { type ImageHeader, UnsupportedImageError } from "./header_type.ts";
import { type PngChunk, pngChunks } from "./png_chunks.ts";
import { checkZlib } from "./png_zlib.ts";

const action = "Cannot decode the PNG image";
const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);

/**
 * A PNG file of nothing but what makes the pixels: IHDR, PLTE, tRNS, IDAT and IEND. What else there is cannot make a codec fail
 * or work, whatever it is. Throws `ImageError` if one of these chunks is missing, out of place or damaged, by its checksum or
 * that of the compressed data.
 */
export async function essentialPng(bytes: Uint8Array, header: ImageHeader): Promise<Uint8Array> {
  const { ihdr, palette, transparency, data } = collect(bytes);
  const colorType = ihdr[9]!;
  if (ihdr[10] !== 0 || ihdr[11] !== 0 || ihdr[12]! > 1) {
    throw damaged("methods 0 and 0, interlace 0 or 1", `${ihdr.slice(10, 13)}`);
  }
  const parts: [string, Uint8Array][] = [["IHDR", ihdr]];
  if (colorType === 3) {
    const entries = palette?.length ?? 0;
    if (!palette || entries === 0 || entries % 3 !== 0 || entries > 768) {
      throw damaged("a palette of 1 to 256 colours", palette ? `${entries} bytes` : "none");
    }
    parts.push(["PLTE", palette]);
  }
  if (transparency && fits(transparency.length, { colorType, entries: (palette?.length ?? 0) / 3 })) {
    parts.push(["tRNS", transparency]);
  }
  await checkZlib(data, rawBytes(header, ihdr[12] === 1));
  parts.push(["IDAT", data], ["IEND", new Uint8Array()]);
  return concat([signature, ...parts.flatMap(([name, data]) => chunk(name, data))]);
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

/** The bytes of all filtered rows: of the image, or of the seven passes of an interlaced one. */
function rawBytes({ width, height, bitDepth, channels }: ImageHeader, interlaced: boolean): number {
  const pass = (columns: number, rows: number) =>
    columns === 0 ? 0 : rows * (1 + Math.ceil(columns * bitDepth * channels / 8));
  if (!interlaced) return pass(width, height);
  // First column and row of each pass of Adam7, and the steps between them.
  const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
    0,
    1,
    1,
    2,
  ]];
  return passes.reduce((sum, [x, y, across, down]) => {
    const columns = Math.ceil((width - x!) / across!), rows = Math.ceil((height - y!) / down!);
    return sum + pass(Math.max(0, columns), Math.max(0, rows));
  }, 0);
}

function chunk(name: string, data: Uint8Array): Uint8Array[] {
  const named = concat([new TextEncoder().encode(name), data]);
  return [bigEndian(data.length), named, bigEndian(crc32(named))];
}

function bigEndian(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function isCritical(name: string): boolean {
  return name[0]! <= "Z";
}

function damaged(expected: string, got: string): ImageError {
  return new ImageError(action, { expected, got, hint: "the file is damaged; fetch it again" });
}
