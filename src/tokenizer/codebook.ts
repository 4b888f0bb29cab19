/** Bits that the tokens of a codebook of this size take: each token is below `2 ** tokenBits(codebookSize)`. */
export function tokenBits(codebookSize: number): number {
  return Math.ceil(Math.log2(codebookSize));
}

/**
 * The codebook size that a file of tokens states: its `codebookSize`, or 2 to the power of the `bits` that version 0.1.0
 * wrote instead. `undefined` where it states neither, or one out of range.
 */
export function savedCodebookSize(
  { codebookSize, bits }: { readonly codebookSize?: unknown; readonly bits?: unknown },
): number | undefined {
  const size = codebookSize ?? (typeof bits === "number" ? 2 ** bits : undefined);
  // Tokens are unsigned integers of 32 bits.
  return Number.isSafeInteger(size) && (size as number) >= 2 && (size as number) <= 2 ** 32
    ? size as number
    : undefined;
}
