import { ImageError } from "../tensor/errors.ts";
import type { Orientation } from "./exif.ts";

/** File formats that can be read and written. */
export type ImageFormat = "png" | "jpeg" | "webp";

/** What a file says about its image before it is decoded. */
export interface ImageHeader {
  format: ImageFormat;
  /** Pixels in a stored row, before `orientation` is applied. */
  width: number;
  /** Stored rows, before `orientation` is applied. */
  height: number;
  /** Bits of one stored sample: 1, 2, 4, 8 or 16. */
  bitDepth: number;
  /** Stored samples a pixel; 1 for a palette. */
  channels: number;
  /** Whether pixels may be transparent. */
  alpha: boolean;
  /** Whether the file holds more than one frame. */
  animated: boolean;
  /** How to turn the image upright, as far as the given bytes tell; 1 where nothing is to be done. */
  orientation: Orientation;
}

/** A header that ends before it has told the size: more of the file may help. */
export class TruncatedHeaderError extends ImageError {}

/** How the formats are called in messages. */
export const formatNames: Readonly<Record<ImageFormat, string>> = { png: "PNG", jpeg: "JPEG", webp: "WebP" };
