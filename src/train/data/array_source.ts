import { openSource } from "../../checkpoint/byte_source.ts";
import { type NpyArray, readNpz } from "../../checkpoint/npz.ts";
import { createImage } from "../../image/image.ts";
import { DataError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { checkedLabels, classNumbers } from "./labels.ts";
import type { PictureSource } from "./source.ts";

/** Pictures in memory. */
export interface PictureArrays {
  /** 8-bit RGB `[n,h,w,3]`. */
  readonly images: Uint8Array;
  readonly shape: readonly number[];
  /** A class a picture. */
  readonly labels?: ArrayLike<number | bigint>;
  /** Pictures that are kept for evaluation. */
  readonly heldOut?: ArrayLike<number | bigint>;
  /** Names of the classes; default their numbers, up to the greatest label. */
  readonly classes?: readonly string[];
  /** What errors call the pictures; default `the pictures`. */
  readonly name?: string;
}

/**
 * Pictures of one size that are in memory already.
 * Throws `DataError` where there are none, the bytes do not fit the shape, or labels are out of range.
 */
export function arraySource(
  { images, shape, name = "the pictures", ...given }: PictureArrays,
): PictureSource {
  const [length = 0, height = 0, width = 0, channels = 0] = shape;
  const refuse = (expected: string, got: string): never => {
    throw new DataError(`Cannot take pictures from ${name}`, { expected, got });
  };
  if (shape.length !== 4 || channels !== 3 || !(sizeOf(shape) > 0)) {
    refuse("at least one picture, uint8 [n,h,w,3]", `[${shape.join(",")}]`);
  }
  if (images.length !== sizeOf(shape)) refuse(`${sizeOf(shape)} bytes`, `${images.length}`);
  const labels = given.labels &&
    checkedLabels(given.labels, { length, classes: given.classes?.length, name });
  const bytes = height * width * 3;
  return {
    name,
    length,
    labels,
    classes: given.classes ?? classNumbers(labels),
    ...given.heldOut && { heldOut: Array.from(given.heldOut, Number) },
    nameOf: (picture) => `${name}#${picture}`,
    read: (picture) => {
      const data = images.subarray(picture * bytes, (picture + 1) * bytes);
      return Promise.resolve(createImage({ width, height }, data));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * The pictures of an `.npz` file: `arr_0`, uint8 `[n,h,w,3]` as generated sets are written, and perhaps `labels` `[n]`
 * and `held_out`, the numbers of pictures that are not to be trained on.
 * They are read into memory, at most 1 GiB of them.
 * Throws `CheckpointError` where the file is damaged, `DataError` where it holds something else.
 */
export async function openNpz(path: string): Promise<PictureSource> {
  await using file = await openSource(path);
  const arrays = readNpz(await file.read(0, file.size), { file: path });
  const [images, labels, heldOut] = ["arr_0", "labels", "held_out"].map((array) => arrays.get(array));
  if (!(images?.data instanceof Uint8Array)) {
    throw new DataError(`Cannot take pictures from ${path}`, {
      expected: "an array arr_0 of uint8 [n,h,w,3]",
      got: describe(arrays),
    });
  }
  const { data, shape } = images as NpyArray & { data: Uint8Array };
  return arraySource({ images: data, shape, labels: labels?.data, heldOut: heldOut?.data, name: path });
}

function describe(arrays: ReadonlyMap<string, NpyArray>): string {
  const all = [...arrays].map(([name, { shape, data }]) =>
    `${name} of ${data.constructor.name.replace("Array", "").toLowerCase()} [${shape.join(",")}]`
  );
  return all.join(", ") || "no arrays";
}
