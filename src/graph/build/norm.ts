import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";

/** Group normalisation over positions, then weight and bias, each `[C]` or `[N,C]`. */
export function groupNorm(
  x: Tensor,
  { weight, bias, groups, eps }: { weight: Tensor; bias: Tensor; groups: number; eps: number },
): Tensor {
  return apply("group_norm", { x, weight, bias }, { groups, eps });
}

/** `x / sqrt(mean(x²) + eps) · weight` over the last axis. */
export function rmsNorm(x: Tensor, { weight, eps }: { weight: Tensor; eps: number }): Tensor {
  return apply("rms_norm", { x, weight }, { eps });
}
