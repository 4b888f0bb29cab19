import { decodeKinds, type DecodeOptions } from "../image/decode.ts";
import type { Image } from "../image/image.ts";
import { readImage } from "../image/read.ts";
import { pathOf } from "../io/host.ts";
import { unfit } from "../tensor/describe.ts";
import { ImageError } from "../tensor/errors.ts";
import { callback, checkOptions, type Kinds } from "../tensor/options.ts";
import { filesBelow, withoutImages, withoutSlash } from "./folder_source.ts";

/** An image of a folder. */
export interface FolderImage {
  /** The folder as it was given, and the image's path in it. */
  readonly path: string;
  /** Its pixels. */
  readonly image: Image;
}

/** Options of `images`. */
export interface ImagesOptions extends DecodeOptions {
  /** Called with each image that cannot be read, which is then passed over. Without it such an image is an error. */
  onDamaged?: (damaged: { readonly path: string; readonly error: ImageError }) => void;
}

const kinds: Kinds<ImagesOptions> = { onDamaged: callback, ...decodeKinds };

/**
 * The PNG, JPEG and WebP files in a folder and its sub-folders, in an order that depends on their names alone: those of each
 * folder by name, then those of its sub-folders. Each is read when it is asked for. Names that begin with a dot do not count.
 *
 * Throws `ArgumentError` for a wrong option, and, when it is iterated over, `DataError` where a folder cannot be read or there
 * is no image, and `ImageError` for a damaged one without `onDamaged`.
 *
 * @example
 * ```ts
 * import { images, Tokenizer } from "@voken/magvit2";
 *
 * await using tokenizer = await Tokenizer.load("emoji-64");
 * const onDamaged = ({ error }: { error: Error }) => console.warn(error.message);
 * for await (const { path, image } of images("photos", { onDamaged })) {
 *   console.log(path, (await tokenizer.encode(image)).grid);
 * }
 * ```
 */
export function images(
  folder: string | URL,
  options: ImagesOptions = {},
): AsyncGenerator<FolderImage, void, undefined> {
  checkOptions(options, kinds, "read the images");
  const isPlace = folder instanceof URL
    ? folder.protocol === "file:"
    : typeof folder === "string" && folder !== "";
  if (!isPlace) {
    throw unfit("Cannot read the images", "the path or file: URL of a folder", folder);
  }
  return imagesBelow(withoutSlash(pathOf(folder)), options);
}

async function* imagesBelow(
  root: string,
  { onDamaged, ...options }: ImagesOptions,
): AsyncGenerator<FolderImage, void, undefined> {
  let isEmpty = true;
  for await (const file of filesBelow(root)) {
    const path = root.endsWith("/") ? root + file : `${root}/${file}`;
    isEmpty = false;
    const image = await readImage(path, options).catch((error) => {
      if (!onDamaged || !(error instanceof ImageError)) throw error;
      onDamaged({ path, error });
    });
    if (image) yield { path, image };
  }
  if (isEmpty) throw withoutImages(root);
}
