import { ArgumentError } from "../tensor/errors.ts";
import { permuted } from "./permutation.ts";
import type { PictureSource } from "./source.ts";

/** Which pictures are kept out of training: these, or a share of all that a seed chooses. */
export type HeldOut = readonly number[] | { readonly fraction: number; readonly seed: number };

/**
 * Parts the pictures of a source into those to train on and those held out, both in their order.
 * Throws `ArgumentError` for numbers that are no pictures, or where no picture is left to train on.
 */
export function split(
  source: PictureSource,
  heldOut: HeldOut,
): { training: PictureSource; heldOut: PictureSource } {
  const { length } = source;
  const held = new Set(isList(heldOut) ? heldOut : drawn(length, heldOut));
  for (const picture of held) {
    if (Number.isInteger(picture) && picture >= 0 && picture < length) continue;
    throw new ArgumentError("Cannot hold out pictures", {
      expected: `numbers from 0 to ${length - 1}`,
      got: `${picture}`,
    });
  }
  if (held.size >= length) {
    throw new ArgumentError("Cannot hold out pictures", {
      expected: `fewer than all ${length}`,
      got: `${held.size}`,
    });
  }
  const all = Array.from({ length }, (_, picture) => picture);
  return {
    training: subset(source, all.filter((picture) => !held.has(picture))),
    heldOut: subset(source, all.filter((picture) => held.has(picture))),
  };
}

/** Some pictures of a source, in the given order. Disposing it leaves the source open. */
export function subset(source: PictureSource, pictures: readonly number[]): PictureSource {
  const { labels } = source;
  return {
    name: source.name,
    length: pictures.length,
    classes: source.classes,
    labels: labels && Uint32Array.from(pictures, (picture) => labels[picture]!),
    nameOf: (picture) => source.nameOf(pictures[picture]!),
    read: (picture) => source.read(pictures[picture]!),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function isList(heldOut: HeldOut): heldOut is readonly number[] {
  return Array.isArray(heldOut);
}

function drawn(length: number, { fraction, seed }: { fraction: number; seed: number }): number[] {
  if (!(fraction >= 0 && fraction < 1) || !Number.isSafeInteger(seed) || seed < 0) {
    throw new ArgumentError("Cannot hold out pictures", {
      expected: "a fraction from 0 to below 1, and a seed that is a whole number",
      got: `${fraction} and ${seed}`,
    });
  }
  const order = { length, key: [seed >>> 0, Math.floor(seed / 2 ** 32)] as const, number: 0 };
  return Array.from({ length: Math.round(fraction * length) }, (_, place) => permuted(place, order));
}
