import { reasonOf } from "../io/byte_source.ts";
import type { Image } from "../image/image.ts";
import { readImage } from "../image/read.ts";
import { prepareImage } from "../image/prepare.ts";
import { ImageError } from "../tensor/errors.ts";

/** An image that was read, and from where. */
export interface InputImage {
  readonly path: string;
  readonly image: Image;
}

/** Pixels after which no more images are read into a batch. */
const batchPixels = 65536;

/**
 * Reads images and gives them in batches of one size, so that never many are in memory. With `size` each is resized to
 * that shorter side and cropped to a square.
 */
export async function* batchesOf(
  paths: readonly string[],
  { size, signal }: { size?: number; signal: AbortSignal },
): AsyncGenerator<InputImage[]> {
  let batch: InputImage[] = [];
  for (const path of paths) {
    signal.throwIfAborted();
    const original = await readImage(path);
    const image = size ? prepareImage(original, { size, crop: "center", mirrored: false }) : original;
    const [first] = batch;
    const fits = first?.image.width === image.width && first.image.height === image.height;
    if (first && (!fits || (batch.length + 1) * image.width * image.height > batchPixels)) {
      yield batch;
      batch = [];
    }
    batch.push({ path, image });
  }
  if (batch.length > 0) yield batch;
}

/** Checks that all inputs are there before any work begins. Throws `ImageError` for the first that is not. */
export async function checkInputs(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const got = await Deno.stat(path).then(
      ({ isDirectory, isFile, size }) =>
        isDirectory ? "a folder" : isFile && size === 0 ? "an empty file" : undefined,
      reasonOf,
    );
    if (got) throw new ImageError(`Cannot read ${path}`, { expected: "a PNG, JPEG or WebP file", got });
  }
}
