import { ImageError } from "../tensor/errors.ts";
import { exifOrientation } from "./exif.ts";
import type { ImageHeader } from "./header_type.ts";
import { TruncatedHeaderError } from "./header_type.ts";
import { boundedParts } from "./parts.ts";

const action = "Cannot read the WebP header";

/** The header of a WebP file; `readHeader` has seen its signature. */
export function readWebpHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const name = chunkName(bytes, 12);
  const need = { "VP8 ": 30, "VP8L": 25, "VP8X": 30 }[name];
  if (bytes.length < (need ?? 30)) {
    throw new TruncatedHeaderError(action, { expected: "30 bytes", got: `${bytes.length}` });
  }
  const header: ImageHeader = {
    format: "webp",
    width: 0,
    height: 0,
    bitDepth: 8,
    channels: 3,
    alpha: false,
    animated: false,
    orientation: 1,
  };
  if (name === "VP8 ") {
    if (bytes[20]! & 1 || bytes[23] !== 0x9d || bytes[24] !== 0x01 || bytes[25] !== 0x2a) {
      throw new ImageError(action, { expected: "a VP8 key frame", got: "something else" });
    }
    header.width = view.getUint16(26, true) & 0x3fff;
    header.height = view.getUint16(28, true) & 0x3fff;
  } else if (name === "VP8L") {
    if (bytes[20] !== 0x2f) {
      throw new ImageError(action, { expected: "a VP8L stream", got: "something else" });
    }
    const bits = view.getUint32(21, true);
    header.width = (bits & 0x3fff) + 1;
    header.height = ((bits >>> 14) & 0x3fff) + 1;
    header.alpha = (bits >>> 28 & 1) === 1;
  } else if (name === "VP8X") {
    const flags = bytes[20]!;
    header.alpha = (flags & 0x10) !== 0;
    header.width = (view.getUint32(24, true) & 0xffffff) + 1;
    header.height = (view.getUint32(26, true) >>> 8) + 1;
    const found = [...webpChunks(bytes)], exif = found.find(({ name }) => name === "EXIF");
    // An animation of one frame is a still image.
    header.animated = found.filter(({ name }) => name === "ANMF").length > 1;
    if (flags & 0x08 && exif) header.orientation = exifOrientation(exif.data);
  } else {
    throw new ImageError(action, { expected: "a VP8, VP8L or VP8X chunk", got: JSON.stringify(name) });
  }
  if (header.alpha) header.channels = 4;
  return header;
}

/** A chunk of a WebP file. */
export interface WebpChunk {
  readonly name: string;
  /** The length that its header says. */
  readonly length: number;
  /** Its bytes, as far as the file has them. */
  readonly data: Uint8Array;
}

/** The chunks of a WebP file, or from `start` on; the last one may be cut. Throws `ImageError` if there are very many. */
export function webpChunks(bytes: Uint8Array, start = 12): Generator<WebpChunk> {
  return boundedParts(walk(bytes, start), { bytes: bytes.length, name: "WebP", part: "chunks" });
}

function* walk(bytes: Uint8Array, start: number): Generator<WebpChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = start; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    yield { name: chunkName(bytes, at), length, data: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length & 1);
  }
}

function chunkName(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
