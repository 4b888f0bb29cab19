import { ImageError } from "../tensor/errors.ts";
import type { Orientation } from "./exif.ts";

/** File formats that can be read and written. */
export type ImageFormat = "png" | "jpeg" | "webp";

/** The properties of an image that are known before it is decoded. */
export interface ImageHeader {
  format: ImageFormat;
  /** Stored width in pixels, before `orientation` is applied. */
  width: number;
  /** Stored height in pixels, before `orientation` is applied. */
  height: number;
  /** Bits per stored sample: 1, 2, 4, 8 or 16. */
  bitDepth: number;
  /** Stored samples per pixel; 1 for a palette. */
  channels: number;
  /** Whether pixels may be transparent. */
  alpha: boolean;
  /** Whether the file contains more than one frame. */
  animated: boolean;
  /** The transformation that turns the image upright, if it is within the given bytes; 1 for none. */
  orientation: Orientation;
}

/** The bytes end before the size of the image; reading more of the file may help. */
export class TruncatedHeaderError extends ImageError {}

/** The file is whole, but of a kind that is not supported. */
export class UnsupportedImageError extends ImageError {}

/** The names of the formats in messages. */
export const formatNames: Readonly<Record<ImageFormat, string>> = { png: "PNG", jpeg: "JPEG", webp: "WebP" };
