import { ArgumentError } from "../tensor/errors.ts";

/** An image in memory: 8-bit RGB, interleaved, 3 bytes a pixel, rows from the top without padding. */
export interface Image {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** `width · height · 3` bytes. */
  data: Uint8Array;
}

/** A colour: red, green, blue, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** White. */
export const white: Rgb = [255, 255, 255];

/**
 * An image of the given size; without `data`, black.
 *
 * Throws `ArgumentError` where a side is not a positive integer or `data` is not `width · height · 3` bytes.
 */
export function createImage(
  size: { width: number; height: number },
  data: Uint8Array = new Uint8Array(checkedBytes(size)),
): Image {
  const image = { width: size.width, height: size.height, data };
  checkImage(image, "make an image");
  return image;
}

/** An image of one colour. Throws `ArgumentError` as `createImage` does. */
export function filledImage(size: { width: number; height: number }, color: Rgb): Image {
  const image = createImage(size);
  for (let i = 0; i < image.data.length; i += 3) image.data.set(color, i);
  return image;
}

/** Throws `ArgumentError` where `image` breaks the rules of its type; `action` completes "Cannot …". */
export function checkImage(image: Image, action: string): void {
  const bytes = checkedBytes(image, action);
  if (!(image.data instanceof Uint8Array) || image.data.length !== bytes) {
    throw new ArgumentError(`Cannot ${action}`, {
      expected: `${bytes} bytes of RGB for ${image.width}×${image.height}`,
      got: `${image.data?.length} bytes`,
    });
  }
}

function checkedBytes(
  { width, height }: { width: number; height: number },
  action = "make an image",
): number {
  checkSide(width, `${action}: width`);
  checkSide(height, `${action}: height`);
  return width * height * 3;
}

/** Throws `ArgumentError` where `value` is not a positive integer; `action` completes "Cannot …". */
export function checkSide(value: number, action: string): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new ArgumentError(`Cannot ${action}`, { expected: "a positive integer", got: String(value) });
  }
}
