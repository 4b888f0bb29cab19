import { describe, unfit } from "../tensor/describe.ts";
import { isListOf } from "../tensor/every.ts";
import { elementsOf, isNumbers } from "../tensor/elements.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type Kind, wholeNumber } from "../tensor/options.ts";

/**
 * An image in memory: interleaved 8-bit sRGB (HWC), 3 bytes per pixel, rows from top to bottom without padding. It is a plain
 * object that can be sent to a worker.
 */
export interface Image {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** `width · height · 3` bytes. */
  data: Uint8Array;
}

/** A colour: red, green, blue, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** The most bytes that an image may have. */
const maxBytes = 2 ** 32;

/** The kind of a colour. */
export const color: Kind = {
  expected: "red, green and blue from 0 to 255",
  fits: (value) => isListOf(value, wholeNumber(0, 255).fits) && value.length === 3,
};

/** White. */
export const white: Rgb = [255, 255, 255];

/**
 * Creates an image of the given size; black without `data`.
 *
 * Throws `ArgumentError` if a side is not a positive integer or `data` does not have `width · height · 3` bytes.
 */
export function createImage(size: { width: number; height: number }, data?: Uint8Array): Image {
  const bytes = checkSize(size, "create an image"), { width, height } = size;
  return takeImage(
    { width, height, data: data === undefined ? new Uint8Array(bytes) : data },
    "create an image",
  );
}

/** Creates an image of one colour. Throws `ArgumentError` as `createImage` does. */
export function filledImage(size: { width: number; height: number }, color: Rgb): Image {
  const image = createImage(size);
  for (let i = 0; i < image.data.length; i += 3) image.data.set(color, i);
  return image;
}

/**
 * An image whose bytes are in a `Uint8Array`. Throws `ArgumentError` if `image` is invalid. `action` completes the message
 * "Cannot …".
 */
export function takeImage(image: Image, action: string): Image {
  if (typeof image !== "object" || image === null || !("width" in image)) {
    throw unfit(`Cannot ${action}`, "an image { width, height, data } of RGB bytes", image);
  }
  const bytes = checkSize(image, action), { width, height } = image, data: unknown = image.data;
  if (isNumbers(data) && data.length === bytes) {
    const taken = elementsOf("u8", data, { subject: `Cannot ${action}: data` });
    return taken === data ? image : { width, height, data: taken };
  }
  const isRgba = isNumbers(data) && data.length === width * height * 4;
  throw new ArgumentError(`Cannot ${action}`, {
    expected: `${bytes} bytes of RGB for ${width}×${height}`,
    got: data instanceof Uint8Array ? `${data.length} bytes` : describe(data),
    hint: isRgba ? "leave the alpha out; a tokenizer also takes RGBA as ImageData" : undefined,
  });
}

/** The bytes of an image of this size. Throws as `takeImage` does. */
export function checkSize(size: { width: number; height: number }, action: string): number {
  if (typeof size !== "object" || size === null) {
    throw unfit(`Cannot ${action}`, "a width and a height", size);
  }
  checkSide(size.width, `${action}: width`);
  checkSide(size.height, `${action}: height`);
  const bytes = size.width * size.height * 3;
  if (bytes <= maxBytes) return bytes;
  throw unfit(`Cannot ${action}`, `at most ${maxBytes} bytes of RGB`, bytes);
}

/** Throws `ArgumentError` if `value` is not a positive integer. `action` completes the message "Cannot …". */
export function checkSide(value: number, action: string): void {
  if (!Number.isSafeInteger(value) || value < 1) throw unfit(`Cannot ${action}`, "a positive integer", value);
}
