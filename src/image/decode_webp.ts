import { ImageError } from "../tensor/errors.ts";
import type { Decode } from "./decode_jpeg.ts";
import type { ImageHeader } from "./header_type.ts";
import type { Rgba } from "./rgba.ts";
import { webpStill } from "./webp_still.ts";

/**
 * Decodes a WebP file, of which `decode` gets the image, or the first frame of an animation. Around a frame its canvas is
 * transparent, or black in an animation without alpha. Throws `ImageError` if the file is damaged.
 */
export async function decodeWebp(
  bytes: Uint8Array,
  { width, height, alpha }: ImageHeader,
  decode: Decode,
): Promise<Rgba> {
  const { file, left, top } = webpStill(bytes);
  const frame = await decode(file);
  const isFull = left === 0 && top === 0 && frame.width === width && frame.height === height;
  if (isFull) return frame;
  if (left + frame.width > width || top + frame.height > height) {
    throw new ImageError("Cannot decode the WebP image", {
      expected: `a frame within ${width}×${height} as its header says`,
      got: `${frame.width}×${frame.height} at ${left}, ${top}`,
    });
  }
  const data = new Uint8Array(width * height * 4);
  if (!alpha) { for (let i = 3; i < data.length; i += 4) data[i] = 255; }
  for (let y = 0; y < frame.height; y++) {
    const row = frame.data.subarray(y * frame.width * 4, (y + 1) * frame.width * 4);
    data.set(row, ((top + y) * width + left) * 4);
  }
  return { width, height, data };
}
