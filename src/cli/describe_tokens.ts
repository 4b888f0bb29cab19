import { formatGrid, type Grid } from "../tokenizer/grid.ts";

/** Tokens as commands report them, columns first as in the sizes of images: `16×16 tokens of 18 bits`. */
export function describeTokens({ grid, codebookSize }: { grid: Grid; codebookSize: number }): string {
  const bits = Math.log2(codebookSize);
  const codes = Number.isInteger(bits) ? `${bits} bits` : `${codebookSize} codes`;
  return `${formatGrid(grid.toReversed())} tokens of ${codes}`;
}
