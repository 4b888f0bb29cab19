import { ArgumentError, ImageError } from "../tensor/errors.ts";
import type { ImageFormat, ImageHeader } from "./header_type.ts";
import { formatNames, UnsupportedImageError } from "./header_type.ts";
import { readJpegHeader } from "./header_jpeg.ts";
import { readPngHeader } from "./header_png.ts";
import { readWebpHeader } from "./header_webp.ts";
import { otherFormat } from "./other_formats.ts";

/** The default limit on the number of pixels: 64 megapixels. */
export const defaultMaxPixels: number = 64 * 1024 * 1024;

/** The format of a file according to its first bytes, or `undefined`. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  const starts = (signature: string, at = 0) =>
    bytes.length >= at + signature.length &&
    Array.from(signature).every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
  if (starts("\x89PNG\r\n\x1a\n")) return "png";
  if (starts("\xff\xd8\xff")) return "jpeg";
  if (starts("RIFF") && starts("WEBP", 8)) return "webp";
  return undefined;
}

/**
 * Reads the size and properties of a PNG, JPEG or WebP image from the first bytes of its file, without decoding it.
 *
 * The beginning of a file is enough if it contains the size, but an orientation further back is then not found.
 * Throws `ImageError` if the format is unknown, the bytes end too early, or the header is invalid.
 */
export function readHeader(bytes: Uint8Array): ImageHeader {
  const format = sniffFormat(bytes);
  if (format === undefined) throw unknownFormat(bytes);
  const header = readers[format](bytes);
  if (header.width === 0 || header.height === 0) {
    throw new ImageError(`Cannot read the ${formatNames[format]} header`, {
      expected: "a width and a height of at least 1",
      got: `${header.width}×${header.height}`,
    });
  }
  return header;
}

/** Width and height of the image once its orientation is applied. */
export function uprightSize({ width, height, orientation }: ImageHeader): { width: number; height: number } {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

/** Throws `ImageError` if the image has more than `maxPixels` pixels, `ArgumentError` if the limit is invalid. */
export function checkPixels({ width, height }: ImageHeader, maxPixels: number): void {
  if (!(maxPixels >= 1)) {
    throw new ArgumentError("Cannot limit the pixels of an image", {
      expected: "maxPixels of at least 1",
      got: String(maxPixels),
    });
  }
  if (width * height > maxPixels) {
    throw new ImageError("Cannot decode the image", {
      expected: `at most ${maxPixels} pixels (maxPixels)`,
      got: `${width}×${height} = ${width * height}`,
      hint: "make the image smaller or raise maxPixels",
    });
  }
}

const readers: Record<ImageFormat, (bytes: Uint8Array) => ImageHeader> = {
  png: readPngHeader,
  jpeg: readJpegHeader,
  webp: readWebpHeader,
};

function unknownFormat(bytes: Uint8Array): ImageError {
  const other = otherFormat(bytes), expected = "a PNG, JPEG or WebP file";
  if (other) {
    return new UnsupportedImageError("Cannot read the image", {
      expected,
      got: other.name,
      hint: other.hint,
    });
  }
  return new ImageError("Cannot read the image", {
    expected,
    got: describe(bytes),
    hint: "convert the image to one of these formats",
  });
}

function describe(bytes: Uint8Array): string {
  if (bytes.length === 0) return "no bytes";
  const start = bytes.subarray(0, 16);
  if (start.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127))) {
    return `text starting ${JSON.stringify(String.fromCharCode(...start))}`;
  }
  return `${bytes.length} bytes starting ${
    Array.from(start, (byte) => byte.toString(16).padStart(2, "0")).join(" ")
  }`;
}
