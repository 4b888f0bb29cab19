import { concat } from "../io/concat.ts";
import { ImageError } from "../tensor/errors.ts";
import { type WebpChunk, webpChunks } from "./header_webp.ts";

/** A still image of a WebP file, and where it lies on its canvas. */
export interface WebpStill {
  /** A file of nothing but the image. */
  readonly file: Uint8Array;
  /** Files whose data lacks a few bytes at its end: if they give the same pixels, the decoder has lost its way in damaged data. */
  readonly cut: readonly Uint8Array[];
  /** Its place on the canvas, if it is a frame, which may be smaller. */
  readonly place: { readonly left: number; readonly top: number } | undefined;
}

/** Bytes that are cut off. Encoders write up to 4 of VP8 (libvpx 8), 2 of VP8L and 3 of ALPH that decoders need not read. */
const cutBytes = { "VP8 ": 12, VP8L: 4, ALPH: 4 };

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
  const chunks = [...webpChunks(bytes.subarray(0, length))],
    frame = chunks.find(({ name }) => name === "ANMF");
  return frame ? frameOf(frame.data) : { ...imageOf(chunks), place: undefined };
}

/** The frame of an ANMF chunk: its place and size in 24 bits each, then its own chunks. */
function frameOf(frame: Uint8Array): WebpStill {
  if (frame.length < 16) throw noImage();
  const uint24 = (at: number) => frame[at]! | frame[at + 1]! << 8 | frame[at + 2]! << 16;
  return { ...imageOf([...webpChunks(frame, 16)]), place: { left: 2 * uint24(0), top: 2 * uint24(3) } };
}

function imageOf(chunks: readonly WebpChunk[]): Pick<WebpStill, "file" | "cut"> {
  const at = chunks.findIndex(({ name }) => name === "VP8 " || name === "VP8L");
  if (at < 0) throw noImage();
  const { name, data } = whole(chunks[at]!);
  // VP8L has its alpha within.
  const before = name === "VP8L" ? undefined : chunks.slice(0, at).find(({ name }) => name === "ALPH");
  const alpha = before && whole(before).data;
  const cut = [], kind = name as keyof typeof cutBytes;
  if (isCut(data, kind)) cut.push(fileOf(name, { data: data.subarray(0, -cutBytes[kind]), alpha }));
  if (alpha && isCut(alpha, "ALPH")) {
    cut.push(fileOf(name, { data, alpha: alpha.subarray(0, -cutBytes.ALPH) }));
  }
  return { file: fileOf(name, { data, alpha }), cut };
}

/** Whether it matters to a decoder that the end is cut off: it reads zeros there. */
function isCut(data: Uint8Array, kind: keyof typeof cutBytes): boolean {
  return data.subarray(-cutBytes[kind]).some((byte) => byte !== 0);
}

function whole(chunk: WebpChunk): WebpChunk {
  if (chunk.data.length === chunk.length) return chunk;
  throw new ImageError("Cannot decode the WebP image", {
    expected: `${chunk.length} bytes of ${chunk.name.trim()}`,
    got: `${chunk.data.length}`,
    hint: "the file is damaged; fetch it again",
  });
}

function fileOf(
  name: string,
  { data, alpha }: { data: Uint8Array; alpha: Uint8Array | undefined },
): Uint8Array {
  const image = chunk(name, data);
  if (!alpha) return riff([image]);
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
