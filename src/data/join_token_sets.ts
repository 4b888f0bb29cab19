import { DataError } from "../tensor/errors.ts";
import { formatGrid } from "../tokenizer/grid.ts";
import type { TokenSet } from "./token_set.ts";

/**
 * Several sets as one, in their order; disposing it disposes them.
 * Throws `DataError` where grids, codebook sizes or classes differ, or some have labels or mirror images and others none.
 */
export function joinTokenSets(name: string, sets: readonly TokenSet[]): TokenSet {
  const [first] = sets as [TokenSet];
  const describe = ({ grid, codebookSize, labels, hasMirrored }: TokenSet) =>
    `${formatGrid(grid)} tokens of ${codebookSize} codes, ${labels ? "labels" : "no labels"}, ` +
    `${hasMirrored ? "mirror images" : "no mirror images"}`;
  // Classes without names end with the greatest label that a part happens to have.
  const longest = sets.reduce((a, b) => b.classes.length > a.classes.length ? b : a).classes;
  for (const set of sets) {
    const sameClasses = set.classes.every((name, label) => name === longest[label]);
    if (sameClasses && describe(set) === describe(first)) continue;
    throw new DataError(`Cannot take ${set.name} together with ${first.name}`, {
      expected: sameClasses ? describe(first) : "the same classes",
      got: sameClasses ? describe(set) : "others",
    });
  }
  const ends: number[] = [];
  for (const { length } of sets) ends.push((ends.at(-1) ?? 0) + length);
  return {
    name,
    length: ends.at(-1)!,
    grid: first.grid,
    codebookSize: first.codebookSize,
    classes: longest,
    labels: first.labels && Uint32Array.from(sets.flatMap(({ labels }) => [...labels!])),
    hasMirrored: first.hasMirrored,
    read(image, options) {
      const i = ends.findIndex((end) => image < end);
      return sets[i]!.read(image - (ends[i - 1] ?? 0), options);
    },
    async [Symbol.asyncDispose]() {
      for (const set of sets) await set[Symbol.asyncDispose]();
    },
  };
}
