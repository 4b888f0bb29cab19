import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";

/** Turns the q and k of qkv `[…,3·D]` by the rows of table that position `[…]` picks. */
export function rope(
  qkv: Tensor,
  { table, position, heads }: { table: Tensor; position: Tensor; heads: number },
): Tensor {
  return apply("rope", { qkv, table, position }, { heads });
}

/** Causal attention: qkv `[B,P,3·D]` → `[B,P,D]`. */
export function attention(qkv: Tensor, { heads }: { heads: number }): Tensor {
  return apply("attention", { qkv }, { heads });
}

/** One position of causal attention, whose k and v join the cache: qkv `[R,3·D]` → `[R,D]`. */
export function attentionStep(
  qkv: Tensor,
  { cache, position, heads }: { cache: Tensor; position: Tensor; heads: number },
): Tensor {
  const halves = cache.op === "state" && cache.attrs.halves === true;
  return apply("attention_step", { qkv, cache, position }, { heads, halves });
}
