import { zlibSync } from "fflate";
import type { Image } from "../../src/image/image.ts";
import { crc32 } from "../../src/io/crc32.ts";
import { concat } from "../../src/io/concat.ts";
import { ImageError } from "../../src/tensor/errors.ts";

/** A golden image: a file, and the RGB pixels that Pillow reads from it (on white, upright). */
export interface GoldenFile {
  bytes: Uint8Array;
  image: Image;
}

/** What `tests/golden/image.py` wrote. */
interface Golden {
  resize: { width: number; height: number; to: { width: number; height: number }; rgb: string }[];
  files: Record<string, { file: string; width: number; height: number; rgb: string }>;
}

const golden: Golden = JSON.parse(await Deno.readTextFile(new URL("../golden/image.json", import.meta.url)));

export const goldenFiles: Map<string, GoldenFile> = new Map(
  Object.entries(golden.files).map(([name, { file, width, height, rgb }]) => [
    name,
    { bytes: Uint8Array.fromBase64(file), image: { width, height, data: Uint8Array.fromBase64(rgb) } },
  ]),
);

export const goldenResizes: { from: Image; to: Image }[] = golden.resize.map((
  { width, height, to, rgb },
) => ({
  from: patterned(width, height),
  to: { ...to, data: Uint8Array.fromBase64(rgb) },
}));

/** The image whose bytes `tests/golden/image.py` calls noise. */
export function patterned(width: number, height: number): Image {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => i * i * 31 + i * 17 + (i >> 3) * 101,
  );
  return { width, height, data };
}

/** A PNG file of raw filtered rows, with more chunks before its data where wanted. */
export function buildPng(
  rows: Uint8Array,
  header: { width: number; height: number; bitDepth?: number; colorType?: number; interlace?: number },
  chunks: [string, Uint8Array][] = [],
): Uint8Array {
  const ihdr = new Uint8Array(13);
  const view = new DataView(ihdr.buffer);
  view.setUint32(0, header.width);
  view.setUint32(4, header.height);
  ihdr.set([header.bitDepth ?? 8, header.colorType ?? 2, 0, 0, header.interlace ?? 0], 8);
  const parts: [string, Uint8Array][] = [["IHDR", ihdr], ...chunks, ["IDAT", zlibSync(rows)], [
    "IEND",
    new Uint8Array(),
  ]];
  return concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10),
    ...parts.map(([name, body]) => pngChunk(name, body)),
  ]);
}

/** A chunk of a PNG file. */
export function pngChunk(name: string, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(body, 8);
  view.setUint32(8 + body.length, crc32(bytes.subarray(4, 8 + body.length)));
  return bytes;
}

/** The `ImageError` that `work` throws; anything else fails the test. */
export async function imageError(work: () => unknown): Promise<ImageError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ImageError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** The greatest difference between two byte arrays of one length. */
export function maxDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
