import { decodeImage } from "./decode.ts";
import { checkPixels, defaultMaxPixels, readHeader, uprightSize } from "./header.ts";
import type { Image } from "./image.ts";
import { type ImageInput, imageOfPixels } from "./input.ts";
import { readImageBlob } from "./read.ts";

/**
 * The images of all inputs. What can be drawn is taken at once, so that it may change afterwards; files are decoded one
 * after the other, each when `check` has let its size in the header pass. Throws as `imageOfPixels`, `readImage` and
 * `check` do; `action` completes "Cannot …".
 */
export async function imagesOf(
  inputs: readonly ImageInput[],
  { action, check }: { action: string; check: (size: { width: number; height: number }) => Promise<void> },
): Promise<Image[]> {
  const taken = await Promise.all(
    inputs.map((input) => input instanceof Blob ? input : imageOfPixels(input, { action })),
  );
  const images: Image[] = [];
  for (const one of taken) {
    if (one instanceof Blob) {
      const bytes = await readImageBlob(one), header = readHeader(bytes);
      checkPixels(header, defaultMaxPixels);
      await check(uprightSize(header));
      images.push(await decodeImage(bytes));
    } else {
      await check(one);
      images.push(one);
    }
  }
  return images;
}
