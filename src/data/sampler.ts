import { ArgumentError, DataError } from "../tensor/errors.ts";
import { philox4x32 } from "../tensor/philox.ts";
import { permuted } from "./permutation.ts";
import type { Pick, Sampler } from "./picks.ts";
import type { ImageSource } from "./source.ts";

/** What of a source sampling depends on. */
export type Labelled = Omit<ImageSource, "nameOf" | "read" | typeof Symbol.asyncDispose>;

/** How images are chosen. */
export interface SamplerOptions {
  /** A whole number below 2^53. */
  readonly seed: number;
  /** Images in a step. */
  readonly batch: number;
  /**
   * `uniform`: each of a step's images is sampled from all. `balanced`: the same, with probabilities ∝ 1/√(images in its
   * class). `epochs`: all images in a random order, then all in another.
   */
  readonly order: "uniform" | "balanced" | "epochs";
  /** Whether images are mirrored, with probability ½: not at all, each by itself, or the whole step at once. */
  readonly mirror: "none" | "image" | "batch";
  /** Where squares are cut out of longer images. */
  readonly crop: "center" | "random";
}

/** The last word of a counter says what the words are for, the attempt above it. */
const forImage = 0, forStep = 1;

/**
 * A sampler of the images of `source`. Its picks follow from seed, step, slot and attempt alone.
 * Throws `ArgumentError` for options out of range, `DataError` where there are no images, or no labels to balance by.
 */
export function createSampler(
  source: Labelled,
  { seed, batch, order, mirror, crop }: SamplerOptions,
): Sampler {
  checkNumber("seed", seed, 0);
  checkNumber("batch", batch, 1);
  const { length } = source;
  if (length === 0) {
    throw new DataError(`Cannot sample from ${source.name}`, {
      expected: "at least one image",
      got: "none",
    });
  }
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32)] as const;
  const sample = order === "balanced" ? balancedSample(source) : (u: number) => Math.floor(u * length);
  const words = (step: number, slot: number, last: number) =>
    philox4x32(key, [step >>> 0, Math.floor(step / 2 ** 32), slot, last]);
  return {
    batch,
    pick(step, slot, attempt = 0): Pick {
      const [high, low, cropWord, mirrorWord] = words(step, slot, attempt << 1 | forImage);
      const place = step * batch + slot;
      const index = order === "epochs" && attempt === 0
        ? permuted(place % length, { length, key, number: Math.floor(place / length) })
        : sample((high * 2 ** 21 + (low >>> 11)) / 2 ** 53);
      const coin = mirror === "batch" ? words(step, 0, forStep)[0] : mirrorWord;
      return {
        index,
        mirrored: mirror !== "none" && coin >= 2 ** 31,
        crop: crop === "random" ? cropWord / 2 ** 32 : "center",
      };
    },
  };
}

/** From a number in [0, 1) to an image, with probabilities ∝ 1/√(images in its class). */
function balancedSample({ labels, name, classes }: Labelled): (u: number) => number {
  if (!labels) {
    throw new DataError(`Cannot balance the classes of ${name}`, {
      expected: "labels",
      got: "images without",
      hint: "sample uniformly, or put each class's images into a folder of its own",
    });
  }
  const members: number[][] = classes.map(() => []);
  labels.forEach((label, index) => members[label]!.push(index));
  const weights = members.map((of) => Math.sqrt(of.length));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Rounding may leave a rest behind the last class that has images.
  const last = weights.findLastIndex((weight) => weight > 0);
  return (u) => {
    let rest = u * total, label = 0;
    while (label < last && rest >= weights[label]!) rest -= weights[label++]!;
    const of = members[label]!;
    return of[Math.min(of.length - 1, Math.floor(rest / weights[label]! * of.length))]!;
  };
}

function checkNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ArgumentError(`Cannot sample images: ${name}`, {
    expected: `a whole number from ${least}`,
    got: String(value),
  });
}
