import { ArgumentError } from "../tensor/errors.ts";

/** An image in memory: interleaved 8-bit RGB, 3 bytes per pixel, rows from top to bottom without padding. */
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

/** White. */
export const white: Rgb = [255, 255, 255];

/**
 * Creates an image of the given size; black without `data`.
 *
 * Throws `ArgumentError` if a side is not a positive integer or `data` does not have `width · height · 3` bytes.
 */
export function createImage(
  size: { width: number; height: number },
  data: Uint8Array = new Uint8Array(checkedBytes(size)),
): Image {
  const image = { width: size.width, height: size.height, data };
  checkImage(image, "create an image");
  return image;
}

/** Creates an image of one colour. Throws `ArgumentError` as `createImage` does. */
export function filledImage(size: { width: number; height: number }, color: Rgb): Image {
  const image = createImage(size);
  for (let i = 0; i < image.data.length; i += 3) image.data.set(color, i);
  return image;
}

/** Throws `ArgumentError` if `image` is invalid. `action` completes the message "Cannot …". */
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
  action = "create an image",
): number {
  checkSide(width, `${action}: width`);
  checkSide(height, `${action}: height`);
  return width * height * 3;
}

/** Throws `ArgumentError` if `value` is not a positive integer. `action` completes the message "Cannot …". */
export function checkSide(value: number, action: string): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new ArgumentError(`Cannot ${action}`, { expected: "a positive integer", got: String(value) });
  }
}
