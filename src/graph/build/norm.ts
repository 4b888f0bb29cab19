import { f32Tensor } from "../../tensor/tensor.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor, TensorOf } from "../ops.ts";
import type { NormOps } from "../ops/norm.ts";
import { constant } from "./leaves.ts";
import { sum } from "./reduce.ts";
import { reshape, slice } from "./shape.ts";

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

/** The gradients of these ops. */
export const normGradients: Gradients<keyof NormOps> = {
  group_norm: groupNormGradients,
  group_norm_affine: "fused",
  channel_affine: "fused",
  channel_sums: "backward",
  group_norm_grad: "backward",
  rms_norm: ({ inputs: { x, weight }, attrs }, dy) => ({
    x: apply("rms_norm_grad", { x, weight, dy }, attrs),
    weight: apply("rms_norm_weight_grad", { x, dy }, attrs),
  }),
  rms_norm_grad: "backward",
  rms_norm_weight_grad: "backward",
};

/**
 * Group normalisation, y = w·x̂ + b with x̂ = (x − μ)·r by group: with S = Σ dy and T = Σ dy·x̂ over positions, dw = T and
 * db = S (over images too, where w is shared); dx follows from them, see `group_norm_grad`.
 */
function groupNormGradients(
  { inputs: { x, weight }, attrs: { groups, eps } }: TensorOf<"group_norm">,
  dy: Tensor,
): { x: Tensor; weight: Tensor; bias: Tensor } {
  const n = x.shape[0]!, channels = x.shape.at(-1)!;
  const none = f32Tensor([channels]), ones = f32Tensor([channels], none.data.map(() => 1));
  const affine = apply("group_norm_affine", { x, weight: constant(ones), bias: constant(none) }, {
    groups,
    eps,
  });
  const sums = apply("channel_sums", { x, dy, affine }, {});
  const shared = weight.shape.length === 1, totals = shared ? sum(sums, [0]) : sums;
  const part = (start: number) =>
    reshape(slice(totals, { axis: 1, start, length: 1 }), shared ? [channels] : [n, channels]);
  return {
    x: apply("group_norm_grad", { x, dy, affine, sums, weight }, { groups }),
    weight: part(1),
    bias: part(0),
  };
}
