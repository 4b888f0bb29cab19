import { decodeImage } from "../../image/decode.ts";
import { encodeImage } from "../../image/encode.ts";
import { readHeader, sniffFormat, uprightSize } from "../../image/header.ts";
import type { ImageFormat, ImageHeader } from "../../image/header_type.ts";
import { paddingTo } from "../../image/pixels.ts";
import { UnsupportedImageError } from "../../image/header_type.ts";
import type { Image, Rgb } from "../../image/image.ts";
import { type Preparation, prepareImage } from "../../image/prepare.ts";
import { ImageError } from "../../tensor/errors.ts";
import { badRequest, RequestError, tooLarge } from "../request_error.ts";
import type { Job } from "./job.ts";

/** Decodes and encodes image files. */
export interface Images extends AsyncDisposable {
  /** Decodes a file that passed `checkFile`. Throws `RequestError` with 400 if it is damaged. */
  decode(bytes: Uint8Array, options: ImageDecoding): Promise<Image>;
  encode(image: Image, options: Job & { format: ImageFormat; quality?: number }): Promise<Uint8Array>;
}

/** How a file is decoded. */
export interface ImageDecoding extends Job {
  readonly maxPixels: number;
  /** The colour behind transparent pixels; default white. */
  readonly background?: Rgb;
  /** How the image is made a square; default: as it is. */
  readonly preparation?: Preparation;
}

/**
 * Checks the header of a file before memory is allocated for its pixels. Throws `RequestError` with 400 if the file is
 * empty or damaged, with 415 if its format is not supported, and with 413 if it has too many pixels: with those that fill its sides
 * up to multiples of the model's `factor`, which are computed, too.
 */
export function checkFile(
  bytes: Uint8Array,
  { maxPixels, factor }: { maxPixels: number; factor: number },
): { width: number; height: number } {
  if (bytes.length === 0) throw badRequest("empty_upload", "Expected an image, got no bytes", "image");
  try {
    const { width, height } = uprightSize(headOf(bytes)), padded = paddingTo({ width, height }, factor);
    if (padded.width * padded.height > maxPixels) {
      throw tooLarge("too_many_pixels", {
        limit: "maxPixels",
        most: `${maxPixels} pixels`,
        got: `${width}×${height}, which is padded to ${padded.width}×${padded.height}`,
      });
    }
    return { width, height };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const isOther = error instanceof UnsupportedImageError || !sniffFormat(bytes);
    if (isOther) throw unsupported(error);
    throw badRequest("invalid_image", error.message, "image");
  }
}

/** Bytes of a PNG of which the header is read. */
const headBytes = 2 ** 20;

/**
 * The header of a file, in some milliseconds whatever the file holds. A PNG may have any bytes between its chunks, and has the
 * size before all others. Throws `ImageError`.
 */
export function headOf(bytes: Uint8Array): ImageHeader {
  return readHeader(sniffFormat(bytes) === "png" ? bytes.subarray(0, headBytes) : bytes);
}

function unsupported({ got, hint }: ImageError): RequestError {
  return new RequestError(415, "unsupported_image", {
    message: `Expected a PNG, JPEG or WebP, got ${got}; ${hint}`,
  });
}

/** Decodes and encodes on the calling thread, for hosts without workers. */
export const localImages: Images = {
  async decode(bytes, { maxPixels, background, preparation, signal }) {
    signal.throwIfAborted();
    try {
      const image = await decodeImage(bytes, { maxPixels, background });
      return preparation ? prepareImage(image, preparation) : image;
    } catch (error) {
      if (error instanceof ImageError) throw badRequest("invalid_image", error.message, "image");
      throw error;
    }
  },
  async encode(image, { format, quality, signal }) {
    signal.throwIfAborted();
    return await encodeImage(image, { format, quality });
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
