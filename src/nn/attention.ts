import { attention, attentionStep, rope } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { linear } from "./linear.ts";
import type { Scope } from "./scope.ts";

/** The positions of x in its sequences. With a cache, each row of x is one position of a sequence. */
export interface AttentionOptions {
  readonly heads: number;
  /** The table of rotary embeddings, see `ropeTable`. */
  readonly table: Tensor;
  /** Rows of the table, u32 of x's shape without its last axis. */
  readonly position: Tensor;
  /** The state that holds the keys and values of earlier positions, `[R,2,heads,P,D/heads]`. */
  readonly cache?: Tensor;
}

/** Causal self-attention with rotary positions: x `[B,P,D]`, or `[R,D]` with a cache, to the same shape. */
export function selfAttention(
  scope: Scope,
  x: Tensor,
  { heads, table, position, cache }: AttentionOptions,
): Tensor {
  const width = x.shape.at(-1)!;
  const qkv = rope(linear(scope.at("wqkv"), x, 3 * width), { table, position, heads });
  const mixed = cache ? attentionStep(qkv, { cache, position, heads }) : attention(qkv, { heads });
  return linear(scope.at("wo"), mixed, width);
}
