import { f32Tensor } from "../../tensor/tensor.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { AttentionOps } from "../ops/attention.ts";
import { mul } from "./elementwise.ts";
import { constant } from "./leaves.ts";

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
  const f16 = cache.op === "state" && cache.attrs.f16 === true;
  return apply("attention_step", { qkv, cache, position }, { heads, f16 });
}

/** The gradients of these ops. */
export const attentionGradients: Gradients<keyof AttentionOps> = {
  // A turn by the opposite angle: the sines in odd places change their sign.
  rope: ({ inputs: { table, position }, attrs: { heads } }, dy) => {
    const head = table.shape[1]!;
    const signs = constant(f32Tensor([head], Float32Array.from({ length: head }, (_, i) => i % 2 ? -1 : 1)));
    return { qkv: rope(dy, { table: mul(table, signs), position, heads }) };
  },
  attention: ({ inputs: { qkv }, attrs: { heads } }, dy) => ({
    qkv: apply("attention_grad", { qkv, dy }, { heads }),
  }),
  attention_step: "inference",
  attention_grad: "backward",
};
