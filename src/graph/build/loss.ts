import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";

/** `log Σ exp(logits) − logits[target]` by row: logits `[R,V]`, target u32 `[R]` → `[R]`. */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  return apply("cross_entropy", { logits, target }, {});
}
