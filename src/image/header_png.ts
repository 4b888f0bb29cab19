import { ImageError } from "../tensor/errors.ts";
import { exifOrientation } from "./exif.ts";
import type { ImageHeader } from "./header_type.ts";
import { TruncatedHeaderError, UnsupportedImageError } from "./header_type.ts";
import { pngChunks } from "./png_chunks.ts";

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
  const first = String.fromCharCode(...bytes.subarray(12, 16));
  if (first === "CgBI") {
    throw new UnsupportedImageError("Cannot decode this kind of PNG", {
      expected: "a PNG that follows the specification",
      got: "one optimized for iOS (CgBI)",
      hint: "undo it: pngcrush -revert-iphone-optimizations in.png out.png",
    });
  }
  if (view.getUint32(8) !== 13 || first !== "IHDR") {
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
  let oriented = false;
  for (const { name, data } of pngChunks(bytes)) {
    if (name === "tRNS" && colorType < 4) header.alpha = true;
    // An animation of one frame is a still image.
    if (name === "acTL" && data.length >= 4) {
      header.animated = data[0]! + data[1]! + data[2]! > 0 || data[3]! > 1;
    }
    if (name === "eXIf" && !oriented) {
      header.orientation = exifOrientation(data);
      oriented = true;
    }
  }
  return header;
}
