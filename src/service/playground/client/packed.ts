import { tokenBits } from "../../../tokenizer/codebook.ts";
import { packTokens, unpackTokens } from "../../work/packed_tokens.ts";
import type { PageTokens } from "./engine.ts";

/** The tokens of a generated image, which is square. */
export function squareTokens(packed: Uint8Array, codebookSize: number): PageTokens {
  const side = Math.floor(Math.sqrt(packed.length * 8 / tokenBits(codebookSize)));
  return fromPacked(packed, { grid: [side, side], codebookSize });
}

/** Tokens from packed bits. Throws for another number of bytes. */
export function fromPacked(
  packed: Uint8Array,
  { grid, codebookSize }: Pick<PageTokens, "grid" | "codebookSize">,
): PageTokens {
  return {
    grid,
    codebookSize,
    tokens: [...unpackTokens(packed, { count: grid[0] * grid[1], codebookSize })],
  };
}

/** Tokens as packed bits. */
export function toPacked({ tokens, codebookSize }: PageTokens): Uint8Array {
  return packTokens(Uint32Array.from(tokens), codebookSize);
}
