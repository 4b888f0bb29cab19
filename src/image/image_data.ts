import { unfit } from "../tensor/describe.ts";
import { checkSize, type Image, type Rgb, takeImage } from "./image.ts";
import { flatten, toRgba } from "./rgba.ts";

/**
 * Pixels as canvases give them, such as a browser's `ImageData`: 8-bit sRGB with straight alpha, 4 bytes per pixel, rows from
 * top to bottom without padding.
 */
export interface ImageDataLike {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** `width · height · 4` bytes. */
  readonly data: Uint8ClampedArray;
  /** `srgb`, also where it is missing; other colours are refused. */
  readonly colorSpace?: string;
}

/** Whether `value` has its pixels as `ImageData` has them. */
export function isImageData(value: unknown): value is ImageDataLike {
  return (value as Partial<ImageDataLike> | null | undefined)?.data instanceof Uint8ClampedArray;
}

/**
 * Blends pixels with a background, as decoding a file does. Throws `ArgumentError` for other colours than sRGB and where bytes
 * are missing; `action` completes "Cannot …".
 */
export function fromImageData(
  { width, height, data, colorSpace = "srgb" }: ImageDataLike,
  { background, action }: { background: Rgb; action: string },
): Image {
  if (colorSpace !== "srgb") {
    const hint = `take the pixels by getImageData(…, { colorSpace: "srgb" })`;
    throw unfit(`Cannot ${action}: colorSpace`, "srgb", colorSpace, hint);
  }
  const bytes = checkSize({ width, height }, action) / 3 * 4;
  if (data.length !== bytes) {
    throw unfit(`Cannot ${action}`, `${bytes} bytes of RGBA for ${width}×${height}`, data.length);
  }
  return flatten({ width, height, data }, { orientation: 1, background });
}

/**
 * An image as `ImageData`, opaque and in sRGB, for `putImageData` and `createImageBitmap`; in hosts without that class, an
 * object like it. Throws `ArgumentError` for what is no image.
 */
export function toImageData(
  image: Image,
): ImageDataLike & { readonly data: Uint8ClampedArray<ArrayBuffer>; readonly colorSpace: "srgb" } {
  const taken = takeImage(image, "make ImageData"), { width, height } = taken;
  const data = new Uint8ClampedArray(toRgba(taken).buffer);
  if (typeof ImageData === "undefined") return { width, height, data, colorSpace: "srgb" };
  return new ImageData(data, width, height) as ImageData & { colorSpace: "srgb" };
}
