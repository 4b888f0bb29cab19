import { attention, attentionStep, rope } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { dense } from "./dense.ts";
import type { Scope } from "./scope.ts";

/** Where in its sequence each row of x stands, and the table that turns it; with a cache, x is one position a row. */
export interface Places {
  readonly heads: number;
  readonly table: Tensor;
  /** u32, of x's shape without its last axis. */
  readonly position: Tensor;
  /** The state that holds the keys and values of earlier positions, `[R,2,heads,P,D/heads]`. */
  readonly cache?: Tensor;
}

/** Causal self-attention with rotary positions: x `[B,P,D]`, or `[R,D]` with a cache, to the same shape. */
export function selfAttention(scope: Scope, x: Tensor, { heads, table, position, cache }: Places): Tensor {
  const width = x.shape.at(-1)!;
  const qkv = rope(dense(scope.at("wqkv"), x, 3 * width), { table, position, heads });
  const mixed = cache ? attentionStep(qkv, { cache, position, heads }) : attention(qkv, { heads });
  return dense(scope.at("wo"), mixed, width);
}
