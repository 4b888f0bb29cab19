import { ArgumentError } from "../tensor/errors.ts";
import { checkOptions, type Kinds, numberFrom, oneOf } from "../tensor/options.ts";
import { encoderOf } from "./codec.ts";
import type { ImageFormat } from "./header_type.ts";
import type { Image } from "./image.ts";
import { takeImage } from "./image.ts";

/** Options of encoding. */
export interface EncodeOptions {
  /** Format of the file: `png` (default), `jpeg` or `webp`. */
  format?: ImageFormat;
  /** Quality of JPEG and WebP, 0 to 100; default 90. WebP with 100 and PNG are lossless. */
  quality?: number;
}

/** The largest width and height of each format. */
const maxSides: Record<ImageFormat, number> = { png: 2 ** 31 - 1, jpeg: 65500, webp: 16383 };

const kinds: Kinds<EncodeOptions> = { format: oneOf(Object.keys(maxSides)), quality: numberFrom(0, 100) };

/**
 * Encodes an image as the bytes of a file, PNG unless `format` says otherwise.
 *
 * Throws `ArgumentError` if the image or an option is invalid, or the image is too large for the format, and
 * `BackendError` if a codec cannot be loaded.
 */
export async function encodeImage(image: Image, options: EncodeOptions = {}): Promise<Uint8Array> {
  checkOptions(options, kinds, "encode the image");
  image = takeImage(image, "encode the image");
  const { format = "png", quality = 90 } = options;
  if (Math.max(image.width, image.height) > maxSides[format]) {
    throw new ArgumentError(`Cannot encode the image as ${format}`, {
      expected: `sides of at most ${maxSides[format]}`,
      got: `${image.width}×${image.height}`,
    });
  }
  const encode = await encoderOf(format);
  return await encode(image, quality);
}
