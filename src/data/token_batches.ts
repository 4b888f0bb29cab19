import { type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import { gridSize } from "../tokenizer/grid.ts";
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
  const positions = gridSize(set.grid);
  const tokens = u32Tensor([picks.length, positions]);
  await Promise.all(picks.map(async ({ index, mirrored }, slot) => {
    tokens.data.set(await set.read(index, { mirrored }), slot * positions);
  }));
  const labels = Uint32Array.from(picks, ({ index }) => set.labels?.[index] ?? 0);
  return { tokens, labels: u32Tensor([picks.length], labels), picks };
}
