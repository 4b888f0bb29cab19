import type { TokenizerRun } from "../config/run.ts";
import type { PictureSource } from "../../data/source.ts";
import { split, subset } from "../../data/split.ts";

/** What is trained on, and what is held out; by heart, the first pictures are learnt and held against. */
export function parted(
  all: PictureSource,
  { data, overfit, seed }: TokenizerRun,
): { pictures: PictureSource; heldOut: PictureSource } {
  if (overfit) {
    const few = subset(all, firstOf(all.length, overfit.pictures));
    return { pictures: few, heldOut: few };
  }
  const out = data.heldOut ?? all.heldOut ?? [];
  const { training, heldOut } = split(all, typeof out === "number" ? { fraction: out, seed } : out);
  return { pictures: training, heldOut };
}

/** Up to `most` pictures of a source, at about equal distances. */
export function spread(source: PictureSource, most: number): PictureSource {
  const { length } = source, count = Math.min(length, most);
  return subset(source, Array.from({ length: count }, (_, i) => Math.floor(i * length / count)));
}

function firstOf(length: number, most: number): number[] {
  return Array.from({ length: Math.min(length, most) }, (_, i) => i);
}
