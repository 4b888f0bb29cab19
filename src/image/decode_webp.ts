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
  const { file, cut, place } = webpStill(bytes);
  const frame = await decode(file);
  for (const shorter of cut) await checkNeeded(() => decode(shorter), frame);
  const { left, top } = place ?? { left: 0, top: 0 };
  const fits = place
    ? left + frame.width <= width && top + frame.height <= height
    : frame.width === width && frame.height === height;
  if (!fits) {
    throw new ImageError("Cannot decode the WebP image", {
      expected: `${place ? "a frame within" : "an image of"} ${width}×${height} as its header says`,
      got: `${frame.width}×${frame.height} at ${left}, ${top}`,
    });
  }
  if (frame.width === width && frame.height === height) return frame;
  const data = new Uint8Array(width * height * 4);
  if (!alpha) { for (let i = 3; i < data.length; i += 4) data[i] = 255; }
  for (let y = 0; y < frame.height; y++) {
    const row = frame.data.subarray(y * frame.width * 4, (y + 1) * frame.width * 4);
    data.set(row, ((top + y) * width + left) * 4);
  }
  return { width, height, data };
}

/**
 * There are no checksums, but damaged data mostly ends too early or, unseen by decoders, too late. Throws `ImageError` if the end of
 * the data makes no difference.
 */
async function checkNeeded(decodeShorter: () => Promise<Rgba>, { data }: Rgba): Promise<void> {
  try {
    const shorter = await decodeShorter();
    if (shorter.data.some((byte, i) => byte !== data[i])) return;
  } catch (error) {
    if (error instanceof ImageError) return;
    throw error;
  }
  throw new ImageError("Cannot decode the WebP image", {
    expected: "image data that is whole",
    got: "more of it than the image has pixels",
    hint: "the file is damaged; fetch it again",
  });
}
