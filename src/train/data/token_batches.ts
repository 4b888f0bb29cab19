import { ArgumentError, DataError } from "../../tensor/errors.ts";
import { type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { Pick, Sampler } from "./picks.ts";
import type { TokenSet } from "./token_set.ts";

/** What a step of stage two trains on. */
export interface TokenBatch {
  /** Tokens `[n,rows·columns]`. */
  readonly tokens: HostTensor<"u32">;
  /** Classes `[n]`; zeros where the set has no labels. */
  readonly labels: HostTensor<"u32">;
  readonly picks: readonly Pick[];
}

/** The tokens of step `step`. Throws `DataError` where the sampler mirrors and the set has no mirror images. */
export async function tokenBatch(set: TokenSet, sampler: Sampler, step: number): Promise<TokenBatch> {
  const picks = Array.from({ length: sampler.batch }, (_, slot) => sampler.pick(step, slot));
  const positions = set.grid[0] * set.grid[1];
  const tokens = u32Tensor([picks.length, positions]);
  await Promise.all(picks.map(async ({ picture, mirrored }, slot) => {
    tokens.data.set(await set.read(picture, { mirrored }), slot * positions);
  }));
  const labels = Uint32Array.from(picks, ({ picture }) => set.labels?.[picture] ?? 0);
  return { tokens, labels: u32Tensor([picks.length], labels), picks };
}

/**
 * Checks that a transformer can be trained on a set: `grid` tokens along either side, of `bits` bits, in `classes` classes.
 * Throws `ArgumentError` where the tokens are others, `DataError` for labels out of range.
 */
export function checkTokenSet(
  set: TokenSet,
  { grid, bits, classes }: { grid: number; bits: number; classes: number },
): void {
  const [rows, columns] = set.grid;
  if (set.bits !== bits || rows !== grid || columns !== grid) {
    throw new ArgumentError(`Cannot train on ${set.name}`, {
      expected: `${grid}×${grid} tokens of ${bits} bits`,
      got: `${rows}×${columns} of ${set.bits}`,
      hint: "make the tokens with the tokenizer that the transformer is for",
    });
  }
  const picture = set.labels?.findIndex((label) => label >= classes) ?? -1;
  if (picture < 0) return;
  throw new DataError(`Cannot train on ${set.name}`, {
    expected: `labels below ${classes}, as many as the model has classes`,
    got: `${set.labels![picture]} for picture ${picture}`,
  });
}
