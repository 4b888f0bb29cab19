import { ImageError } from "../tensor/errors.ts";
import { exifOrientation } from "./exif.ts";
import type { ImageHeader } from "./header_type.ts";
import { TruncatedHeaderError } from "./header_type.ts";

const action = "Cannot read the PNG header";

/** By colour type: samples per pixel, and the bit depths that the PNG specification (table 8) allows. */
const colorTypes: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** The header of a PNG file; `readHeader` has seen its signature. */
export function readPngHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length < 33) {
    throw new TruncatedHeaderError(action, { expected: "33 bytes", got: `${bytes.length}` });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(8) !== 13 || chunkName(bytes, 8) !== "IHDR") {
    throw new ImageError(action, { expected: "an IHDR chunk of 13 bytes first", got: "another chunk" });
  }
  const width = view.getUint32(16), height = view.getUint32(20);
  const bitDepth = bytes[24]!, colorType = bytes[25]!;
  const kind = colorTypes[colorType];
  if (!kind?.depths.includes(bitDepth)) {
    throw new ImageError(action, {
      expected: "a colour type and bit depth of the PNG specification",
      got: `colour type ${colorType} with ${bitDepth} bits`,
    });
  }
  if (width > 0x7fffffff || height > 0x7fffffff) {
    throw new ImageError(action, { expected: "sides below 2³¹", got: `${width}×${height}` });
  }
  const header: ImageHeader = {
    format: "png",
    width,
    height,
    bitDepth,
    channels: kind.channels,
    alpha: colorType >= 4,
    animated: false,
    orientation: 1,
  };
  for (const { name, at, length } of chunks(bytes)) {
    if (name === "tRNS") header.alpha = true;
    // An animation of one frame is a still image.
    if (name === "acTL" && at + 12 <= bytes.length) header.animated = view.getUint32(at + 8) > 1;
    if (name === "eXIf") header.orientation = exifOrientation(bytes.subarray(at + 8, at + 8 + length));
  }
  return header;
}

/** Throws `ImageError` if the file has no end, as browsers show what there is. */
export function checkPngComplete(bytes: Uint8Array): void {
  for (const { name } of chunks(bytes)) if (name === "IEND") return;
  throw new ImageError("Cannot decode the PNG image", {
    expected: "an IEND chunk",
    got: `the end of the data after ${bytes.length} bytes`,
    hint: "the file is truncated; fetch it again",
  });
}

/** The chunks after the header: where each begins, and the length of its data. */
function* chunks(bytes: Uint8Array): Generator<{ name: string; at: number; length: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 33; at + 8 <= bytes.length;) {
    const name = chunkName(bytes, at), length = view.getUint32(at);
    yield { name, at, length };
    if (name === "IEND") return;
    at += 12 + length;
  }
}

function chunkName(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}
