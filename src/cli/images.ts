import { reasonOf } from "../io/reason.ts";
import type { Image } from "../image/image.ts";
import { readImage } from "../image/read.ts";
import { prepareImage } from "../image/prepare.ts";
import { ImageError } from "../tensor/errors.ts";
import { maxRunPixels } from "../tokenizer/runs.ts";

/** An image and the path it was read from. */
export interface InputImage {
  readonly path: string;
  readonly image: Image;
}

/**
 * Reads images and yields consecutive ones of one size as batches, so that few are in memory at once. With `size`, the
 * shorter side of each image is resized to it and the image is cropped to a square.
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
    if (first && (!fits || (batch.length + 1) * image.width * image.height > maxRunPixels)) {
      yield batch;
      batch = [];
    }
    batch.push({ path, image });
  }
  if (batch.length > 0) yield batch;
}

/** Checks that all input files exist before any work begins. Throws `ImageError` for the first that does not. */
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
