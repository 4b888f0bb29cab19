import type { TokenizerRun } from "../config/run.ts";
import type { ImageSource } from "../../data/source.ts";
import { split, subset } from "../../data/split.ts";

/** The images to train on and those held out; an overfitting run trains and evaluates on the first images. */
export function parted(
  all: ImageSource,
  { data, overfit, seed }: TokenizerRun,
): { images: ImageSource; heldOut: ImageSource } {
  if (overfit) {
    const few = subset(all, firstOf(all.length, overfit.images));
    return { images: few, heldOut: few };
  }
  const out = data.heldOut ?? all.heldOut ?? [];
  const { training, heldOut } = split(all, typeof out === "number" ? { fraction: out, seed } : out);
  return { images: training, heldOut };
}

/** Up to `most` images of a source, at about equal distances. */
export function spread(source: ImageSource, most: number): ImageSource {
  const { length } = source, count = Math.min(length, most);
  return subset(source, Array.from({ length: count }, (_, i) => Math.floor(i * length / count)));
}

function firstOf(length: number, most: number): number[] {
  return Array.from({ length: Math.min(length, most) }, (_, i) => i);
}
