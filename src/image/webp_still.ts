import { concat } from "../io/concat.ts";
import { ImageError } from "../tensor/errors.ts";
import { webpChunks } from "./header_webp.ts";

/** A still image of a WebP file, and where it lies on its canvas. */
export interface WebpStill {
  /** A file of nothing but the image. */
  readonly file: Uint8Array;
  readonly left: number;
  readonly top: number;
}

/**
 * The image of a WebP file, or the first frame of an animation. Throws `ImageError` if there is none, or the file is shorter than
 * its length field says.
 */
export function webpStill(bytes: Uint8Array): WebpStill {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    length = view.getUint32(4, true) + 8;
  if (length > bytes.length) {
    throw new ImageError("Cannot decode the WebP image", {
      expected: `${length} bytes`,
      got: `${bytes.length}`,
      hint: "the file is truncated; fetch it again",
    });
  }
  let alpha: Uint8Array | undefined;
  for (const { name, data } of webpChunks(bytes.subarray(0, length))) {
    if (name === "ANMF") return frameOf(data);
    if (name === "ALPH") alpha ??= data;
    if (name === "VP8 " || name === "VP8L") return { file: fileOf(name, { data, alpha }), left: 0, top: 0 };
  }
  throw noImage();
}

/** The frame of an ANMF chunk: its place and size in 24 bits each, then its own chunks. */
function frameOf(frame: Uint8Array): WebpStill {
  if (frame.length < 16) throw noImage();
  const uint24 = (at: number) => frame[at]! | frame[at + 1]! << 8 | frame[at + 2]! << 16;
  let alpha: Uint8Array | undefined;
  for (const { name, data } of webpChunks(frame, 16)) {
    if (name === "ALPH") alpha ??= data;
    if (name === "VP8 " || name === "VP8L") {
      return { file: fileOf(name, { data, alpha }), left: 2 * uint24(0), top: 2 * uint24(3) };
    }
  }
  throw noImage();
}

function fileOf(
  name: string,
  { data, alpha }: { data: Uint8Array; alpha: Uint8Array | undefined },
): Uint8Array {
  const image = chunk(name, data);
  if (!alpha || name === "VP8L") return riff([image]);
  if (data.length < 10) throw noImage();
  // Alpha beside a lossy image needs a header with its size, less 1, in 24 bits.
  const width = (data[6]! | data[7]! << 8) & 0x3fff, height = (data[8]! | data[9]! << 8) & 0x3fff;
  const size = [width - 1, height - 1].flatMap((side) => [side & 255, side >> 8 & 255, 0]);
  return riff([chunk("VP8X", Uint8Array.of(0x10, 0, 0, 0, ...size)), chunk("ALPH", alpha), image]);
}

function riff(chunks: readonly Uint8Array[]): Uint8Array {
  return chunk("RIFF", concat([new TextEncoder().encode("WEBP"), ...chunks]));
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + data.length + (data.length & 1));
  bytes.set(new TextEncoder().encode(name));
  new DataView(bytes.buffer).setUint32(4, data.length, true);
  bytes.set(data, 8);
  return bytes;
}

function noImage(): ImageError {
  return new ImageError("Cannot decode the WebP image", {
    expected: "an image",
    got: "none",
    hint: "the file is damaged; fetch it again",
  });
}
