import { createImage } from "../image/image.ts";
import { DataError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { checkedLabels, classNumbers } from "./labels.ts";
import type { ImageSource } from "./source.ts";

/** Images in memory. */
export interface ImageArrays {
  /** 8-bit RGB `[n,h,w,3]`. */
  readonly images: Uint8Array;
  readonly shape: readonly number[];
  /** A class an image. */
  readonly labels?: ArrayLike<number | bigint>;
  /** Images that are kept for evaluation. */
  readonly heldOut?: ArrayLike<number | bigint>;
  /** Names of the classes; default their numbers, up to the greatest label. */
  readonly classes?: readonly string[];
  /** What errors call the images; default `the images`. */
  readonly name?: string;
}

/**
 * Images of one size that are in memory already.
 * Throws `DataError` where there are none, the bytes do not fit the shape, or labels are out of range.
 */
export function arraySource({ images, name = "the images", ...given }: ImageArrays): ImageSource {
  const source = pixelSource({
    ...given,
    name,
    bytes: images.length,
    read: (offset, length) => Promise.resolve(images.subarray(offset, offset + length)),
  });
  return { ...source, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Images of one size that lie, one after the other, in `bytes` bytes. Throws as `arraySource` does. */
export function pixelSource(
  { shape, name, bytes, read, ...given }: Omit<ImageArrays, "images"> & {
    name: string;
    bytes: number;
    read: (offset: number, length: number) => Promise<Uint8Array>;
  },
): Omit<ImageSource, typeof Symbol.asyncDispose> {
  const [length = 0, height = 0, width = 0, channels = 0] = shape;
  const refuse = (expected: string, got: string): never => {
    throw new DataError(`Cannot take images from ${name}`, { expected, got });
  };
  if (shape.length !== 4 || channels !== 3 || !(sizeOf(shape) > 0)) {
    refuse("at least one image, uint8 [n,h,w,3]", `[${shape.join(",")}]`);
  }
  if (bytes !== sizeOf(shape)) refuse(`${sizeOf(shape)} bytes`, `${bytes}`);
  const labels = given.labels &&
    checkedLabels(given.labels, { length, classes: given.classes?.length, name });
  const each = height * width * 3;
  return {
    name,
    length,
    labels,
    classes: given.classes ?? classNumbers(labels),
    ...given.heldOut && { heldOut: Array.from(given.heldOut, Number) },
    nameOf: (image) => `${name}#${image}`,
    read: async (image) => createImage({ width, height }, await read(image * each, each)),
  };
}
