import { unfit } from "../tensor/describe.ts";
import { isTensor } from "../tensor/tensor.ts";
import { type Drawable, drawnPixels, isDrawable } from "./drawable.ts";
import { type Image, type Rgb, takeImage, white } from "./image.ts";
import { fromImageData, type ImageDataLike, isImageData } from "./image_data.ts";

/**
 * An image in any form that this library and browsers have: RGB, `ImageData` or an object like it, an `ImageBitmap`, a canvas,
 * an image element, a `VideoFrame`, or a PNG, JPEG or WebP file as a `Blob` or `File`.
 */
export type ImageInput = Image | ImageDataLike | Drawable | Blob;

/**
 * The image that pixels make. Transparent pixels are blended with `background`, as when a file is decoded.
 * Throws `ArgumentError` for what is no image, and `ImageError` as `drawnPixels` does; `action` completes "Cannot …".
 */
export async function imageOfPixels(
  input: Exclude<ImageInput, Blob>,
  { background = white, action }: { background?: Rgb; action: string },
): Promise<Image> {
  if (isImageData(input)) return fromImageData(input, { background, action });
  if (isDrawable(input)) {
    return fromImageData(await drawnPixels(input, action), { background, action });
  }
  if (isFile(input)) throw unfit(`Cannot ${action}`, "an image", input, "read it by readImage first");
  if (isTensor(input)) throw unfit(`Cannot ${action}`, "an image", input, "give tensors to encodeTensor");
  return takeImage(input, action);
}

function isFile(value: unknown): boolean {
  return typeof value === "string" || value instanceof URL || value instanceof Uint8Array ||
    value instanceof ArrayBuffer;
}
