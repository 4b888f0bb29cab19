import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { LossOps } from "../ops/loss.ts";

/** `log Σ exp(logits) − logits[target]` by row: logits `[R,V]`, target u32 `[R]` → `[R]`. */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  return apply("cross_entropy", { logits, target }, {});
}

/** The gradients of these ops. */
export const lossGradients: Gradients<keyof LossOps> = {
  cross_entropy: (tensor, dy) => ({
    logits: apply("cross_entropy_grad", { ...tensor.inputs, loss: tensor as Tensor, dy }, {}),
  }),
  cross_entropy_grad: "backward",
};
