import type { Command } from "commander";
import type { Image } from "../image/image.ts";
import { prepareImage } from "../image/prepare.ts";
import { readHeader, uprightSize } from "../image/header.ts";
import { readImage, readImageFile } from "../image/read.ts";
import { files } from "../io/host.ts";
import { reasonOf } from "../io/reason.ts";
import { ImageError } from "../tensor/errors.ts";
import { type Frame, maxRunPixels } from "../tokenizer/runs.ts";
import { count } from "./count.ts";
import type { Input } from "./inputs.ts";
import type { Io } from "./io.ts";
import { withSize } from "./options.ts";
import { standardStream } from "./paths.ts";

/** Options of commands that read images. */
export interface ImageOptions {
  size?: number;
  skipDamaged?: true;
}

/** Adds the input images and the options of `ImageOptions` to a command. */
export function withImages(command: Command): Command {
  return withSize(
    command.argument(
      "<images...>",
      "PNG, JPEG or WebP files, folders of them, patterns, or - for standard input",
    ),
  )
    .option("--skip-damaged", "report images that cannot be read, and continue with the others");
}

/** How a command takes images. */
interface BatchOptions extends ImageOptions {
  /** Throws `ImageError` for a size for which memory would lack. */
  readonly check: (size: Frame) => Promise<void>;
}

/** An image with its input, the `index`-th. */
export interface InputImage {
  readonly index: number;
  readonly path: string;
  readonly image: Image;
}

/**
 * Reads images and yields consecutive ones of one size as batches, so that few are in memory at once. With `size`, the
 * shorter side of each image is resized to it and the image is cropped to a square. The size of what comes of it is checked
 * before pixels are decoded.
 *
 * Throws `ImageError` for an image that cannot be read; with `skipDamaged` only if there is no other.
 */
export async function* batchesOf(
  inputs: readonly Input[],
  { size, skipDamaged, check }: BatchOptions,
  io: Io,
): AsyncGenerator<InputImage[]> {
  let batch: InputImage[] = [], skipped = 0;
  if (size) await check({ width: size, height: size });
  for (const [index, { path }] of inputs.entries()) {
    io.signal.throwIfAborted();
    const original = await readInput(path, { check: size ? undefined : check }, io).catch((error) => {
      if (!skipDamaged || !(error instanceof ImageError)) throw error;
      skipped++;
      io.note(`voken: skipped ${path}: ${error.message}`);
    });
    if (!original) continue;
    const image = size ? prepareImage(original, { size, crop: "center", mirrored: false }) : original;
    const [first] = batch;
    const fits = first?.image.width === image.width && first.image.height === image.height;
    if (first && (!fits || (batch.length + 1) * image.width * image.height > maxRunPixels)) {
      yield batch;
      batch = [];
    }
    batch.push({ index, path, image });
  }
  if (skipped === inputs.length) {
    throw new ImageError("Cannot read the images", { expected: "one that is not damaged", got: "none" });
  }
  if (batch.length > 0) yield batch;
  if (skipped > 0) io.note(`voken: skipped ${count(skipped, "damaged image")} of ${inputs.length}`);
}

/** Checks that all input files exist before any work begins. Throws `ImageError` for the first that does not. */
export async function checkInputs(inputs: readonly Input[], { skipDamaged }: ImageOptions): Promise<void> {
  if (skipDamaged) return;
  for (const { path } of inputs) {
    if (path === standardStream) continue;
    const got = await files().stat(path).then(
      (found) => found.isFile() && found.size === 0 ? "an empty file" : undefined,
      reasonOf,
    );
    if (got) throw new ImageError(`Cannot read ${path}`, { expected: "a PNG, JPEG or WebP file", got });
  }
}

/** Reads an image if its size passes `check`, and says that of an animation only the first frame is taken. */
async function readInput(path: string, { check }: Partial<BatchOptions>, io: Io): Promise<Image> {
  const isStream = path === standardStream;
  try {
    const bytes = isStream ? await io.input() : await readImageFile(path);
    const header = readHeader(bytes), { format, animated } = header;
    await check?.(uprightSize(header));
    const image = await readImage(bytes);
    if (animated) {
      const taken = format === "png" ? "default image" : "first frame";
      io.note(`voken: ${isStream ? "standard input" : path} is an animation; its ${taken} is taken`);
    }
    return image;
  } catch (cause) {
    if (!(cause instanceof ImageError)) throw cause;
    const { subject, expected, got, hint } = cause;
    throw new ImageError(`${subject} in ${isStream ? "standard input" : path}`, {
      expected,
      got,
      hint,
      cause,
    });
  }
}
