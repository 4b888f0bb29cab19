import { ArgumentError } from "../tensor/errors.ts";
import { permuted } from "./permutation.ts";
import type { ImageSource } from "./source.ts";

/** Which images are kept out of training: these, or a share of all that a seed chooses. */
export type HeldOut = readonly number[] | { readonly fraction: number; readonly seed: number };

/**
 * Parts the images of a source into those to train on and those held out, both in their order.
 * Throws `ArgumentError` for numbers that are no images, or where no image is left to train on.
 */
export function split(
  source: ImageSource,
  heldOut: HeldOut,
): { training: ImageSource; heldOut: ImageSource } {
  const { length } = source;
  const held = new Set(isList(heldOut) ? heldOut : sampled(length, heldOut));
  for (const image of held) {
    if (Number.isInteger(image) && image >= 0 && image < length) continue;
    throw new ArgumentError("Cannot hold out images", {
      expected: `numbers from 0 to ${length - 1}`,
      got: `${image}`,
    });
  }
  if (held.size >= length) {
    throw new ArgumentError("Cannot hold out images", {
      expected: `fewer than all ${length}`,
      got: `${held.size}`,
    });
  }
  const all = Array.from({ length }, (_, image) => image);
  return {
    training: subset(source, all.filter((image) => !held.has(image))),
    heldOut: subset(source, all.filter((image) => held.has(image))),
  };
}

/** Some images of a source, in the given order. Disposing it leaves the source open. */
export function subset(source: ImageSource, images: readonly number[]): ImageSource {
  const { labels } = source;
  return {
    name: source.name,
    length: images.length,
    classes: source.classes,
    labels: labels && Uint32Array.from(images, (image) => labels[image]!),
    nameOf: (image) => source.nameOf(images[image]!),
    read: (image) => source.read(images[image]!),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function isList(heldOut: HeldOut): heldOut is readonly number[] {
  return Array.isArray(heldOut);
}

function sampled(length: number, { fraction, seed }: { fraction: number; seed: number }): number[] {
  if (!(fraction >= 0 && fraction < 1) || !Number.isSafeInteger(seed) || seed < 0) {
    throw new ArgumentError("Cannot hold out images", {
      expected: "a fraction from 0 to below 1, and a seed that is a whole number",
      got: `${fraction} and ${seed}`,
    });
  }
  const order = { length, key: [seed >>> 0, Math.floor(seed / 2 ** 32)] as const, number: 0 };
  return Array.from({ length: Math.round(fraction * length) }, (_, place) => permuted(place, order));
}
