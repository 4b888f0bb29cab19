import { BackendError, ImageError } from "../tensor/errors.ts";
import { type Kinds, wholeNumber } from "../tensor/options.ts";
import { decoderOf } from "./codec.ts";
import { checkPixels, defaultMaxPixels, readHeader } from "./header.ts";
import type { ImageFormat, ImageHeader } from "./header_type.ts";
import { formatNames } from "./header_type.ts";
import { decodeJpeg } from "./decode_jpeg.ts";
import { decodeWebp } from "./decode_webp.ts";
import { decodePng } from "./decode_png.ts";
import type { Image, Rgb } from "./image.ts";
import { color, white } from "./image.ts";
import type { Rgba } from "./rgba.ts";
import { flatten } from "./rgba.ts";

/** Options of decoding. */
export interface DecodeOptions {
  /** The largest number of pixels; default 64 megapixels. */
  maxPixels?: number;
  /** The colour behind transparent pixels; default white. */
  background?: Rgb;
}

/** The kinds of `DecodeOptions`. */
export const decodeKinds: Kinds<DecodeOptions> = { maxPixels: wholeNumber(1), background: color };

/**
 * Decode a file of a format; the others than PNG by a codec, which is given what makes the pixels and no more. They throw for files
 * that are not supported, damaged as far as the format tells, or incomplete.
 */
const decoders: Record<ImageFormat, (bytes: Uint8Array, header: ImageHeader) => Promise<Rgba>> = {
  png: decodePng,
  jpeg: (bytes, header) => decodeJpeg(bytes, header, (file) => decodeBy("jpeg", file, header)),
  webp: (bytes, header) => decodeWebp(bytes, header, (file) => decodeBy("webp", file, header)),
};

/**
 * Decodes a PNG, JPEG or WebP file, detected by its first bytes, to 8-bit RGB.
 *
 * Grey and palette images become RGB, 16-bit samples are truncated to 8 bits, transparency is blended with `background`,
 * CMYK becomes RGB as in Pillow, and the EXIF orientation is applied. Of an animation the first frame is decoded, of an animated
 * PNG the default image. Colour profiles are ignored, as they were in the training of the reference implementation.
 * Throws `ImageError` if the image is damaged, truncated, larger than `maxPixels` (which is checked before decoding), or
 * not supported: JPEG with arithmetic or lossless coding or 12 bits, other formats. Throws `BackendError` if a codec cannot be loaded.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  const { maxPixels = defaultMaxPixels, background = white } = options;
  const header = readHeader(bytes);
  checkPixels(header, maxPixels);
  const decoded = await decoders[header.format](bytes, header);
  if (decoded.width !== header.width || decoded.height !== header.height) {
    throw new ImageError(`Cannot decode the ${formatNames[header.format]} image`, {
      expected: `${header.width}×${header.height} as its header says`,
      got: `${decoded.width}×${decoded.height}`,
    });
  }
  return flatten(decoded, { orientation: header.orientation, background });
}

async function decodeBy(format: "jpeg" | "webp", bytes: Uint8Array, header: ImageHeader): Promise<Rgba> {
  const decode = await decoderOf(format);
  try {
    return await decode(bytes, header);
  } catch (cause) {
    if (cause instanceof ImageError || cause instanceof BackendError) throw cause;
    // Codecs fail with traps, exits and numbers. All of them mean that the file is damaged.
    throw new ImageError(`Cannot decode the ${formatNames[format]} image`, {
      got: "a damaged or truncated file",
      hint: "fetch it again",
      cause,
    });
  }
}
