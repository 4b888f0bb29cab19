import type { Image } from "./image.ts";
import { type ImageInput, imageOfPixels } from "./input.ts";
import { readImage } from "./read.ts";

/**
 * The images of all inputs. What can be drawn is taken at once, so that it may change afterwards; files are decoded one
 * after the other. Throws as `imageOfPixels` and `readImage` do.
 */
export async function imagesOf(inputs: readonly ImageInput[], action: string): Promise<Image[]> {
  const taken = await Promise.all(
    inputs.map((input) => input instanceof Blob ? input : imageOfPixels(input, { action })),
  );
  const images: Image[] = [];
  for (const one of taken) images.push(one instanceof Blob ? await readImage(one) : one);
  return images;
}
