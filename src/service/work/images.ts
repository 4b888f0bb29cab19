import { decodeImage } from "../../image/decode.ts";
import { encodeImage } from "../../image/encode.ts";
import { readHeader, sniffFormat } from "../../image/header.ts";
import type { ImageFormat } from "../../image/header_type.ts";
import { paddingTo } from "../../image/pixels.ts";
import { UnsupportedImageError } from "../../image/header_type.ts";
import type { Image } from "../../image/image.ts";
import { ImageError } from "../../tensor/errors.ts";
import { badRequest, RequestError, tooLarge } from "../request_error.ts";

/** Decodes and encodes image files. */
export interface Images extends AsyncDisposable {
  /** Decodes a file that passed `checkFile`. Throws `RequestError` with 400 if it is damaged. */
  decode(bytes: Uint8Array, options: { maxPixels: number; signal: AbortSignal }): Promise<Image>;
  encode(image: Image, options: { format: ImageFormat; quality?: number; signal: AbortSignal }): Promise<
    Uint8Array
  >;
}

/**
 * Checks the header of a file before memory is allocated for its pixels. Throws `RequestError` with 400 if the file is
 * empty or damaged, with 415 if its format is not supported, and with 413 if it has too many pixels: with those that fill its sides
 * up to multiples of the model's `factor`, which are computed, too.
 */
export function checkFile(
  bytes: Uint8Array,
  { maxPixels, factor }: { maxPixels: number; factor: number },
): void {
  if (bytes.length === 0) throw badRequest("empty_upload", "Expected an image, got no bytes", "image");
  try {
    const { width, height } = readHeader(bytes), padded = paddingTo({ width, height }, factor);
    if (padded.width * padded.height > maxPixels) {
      throw tooLarge("too_many_pixels", {
        limit: "maxPixels",
        most: `${maxPixels} pixels`,
        got: `${width}×${height}, which is padded to ${padded.width}×${padded.height}`,
      });
    }
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    const isOther = error instanceof UnsupportedImageError || !sniffFormat(bytes);
    if (isOther) throw unsupported(error);
    throw badRequest("invalid_image", error.message, "image");
  }
}

function unsupported({ got, hint }: ImageError): RequestError {
  return new RequestError(415, "unsupported_image", {
    message: `Expected a PNG, JPEG or WebP, got ${got}; ${hint}`,
  });
}

/** Decodes and encodes on the calling thread, for hosts without workers. */
export const localImages: Images = {
  async decode(bytes, { maxPixels, signal }) {
    signal.throwIfAborted();
    try {
      return await decodeImage(bytes, { maxPixels });
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
