import { ArgumentError } from "../tensor/errors.ts";
import { encodeJpeg } from "./codec_jpeg.ts";
import { encodePng } from "./codec_png.ts";
import { encodeWebp, maxWebpSide } from "./codec_webp.ts";
import type { ImageFormat } from "./header_type.ts";
import type { Image } from "./image.ts";
import { checkImage } from "./image.ts";

/** Options of encoding. */
export interface EncodeOptions {
  /** Format of the file. */
  format: ImageFormat;
  /** Quality of JPEG and WebP, 0 to 100; default 90. WebP with 100 and PNG are lossless. */
  quality?: number;
}

const maxSides: Record<ImageFormat, number> = { png: 2 ** 31 - 1, jpeg: 65500, webp: maxWebpSide };

/**
 * Encodes an image as the bytes of a file.
 *
 * Throws `ArgumentError` if the image or the quality is invalid, or the image is too large for the format, and
 * `BackendError` if a codec cannot be loaded.
 */
export async function encodeImage(
  image: Image,
  { format, quality = 90 }: EncodeOptions,
): Promise<Uint8Array> {
  checkImage(image, "encode the image");
  if (!(quality >= 0 && quality <= 100)) {
    throw new ArgumentError("Cannot encode the image", {
      expected: "a quality of 0 to 100",
      got: String(quality),
    });
  }
  const maxSide = maxSides[format];
  if (maxSide === undefined) {
    throw new ArgumentError("Cannot encode the image", {
      expected: `a format of ${Object.keys(maxSides).join(", ")}`,
      got: String(format),
    });
  }
  if (Math.max(image.width, image.height) > maxSide) {
    throw new ArgumentError(`Cannot encode the image as ${format}`, {
      expected: `sides of at most ${maxSide}`,
      got: `${image.width}×${image.height}`,
    });
  }
  if (format === "png") return await encodePng(image);
  return await (format === "jpeg" ? encodeJpeg : encodeWebp)(image, quality);
}
