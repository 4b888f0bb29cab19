import { apply, constant, reshape, slice, sum } from "../graph/build.ts";
import type { Tensor, TensorOf } from "../graph/ops.ts";
import { f32Tensor } from "../tensor/tensor.ts";

/**
 * Group normalisation, y = w·x̂ + b with x̂ = (x − μ)·r by group: with S = Σ dy and T = Σ dy·x̂ over positions, dw = T and
 * db = S (over images too, where w is shared); dx follows from them, see `group_norm_grad`.
 */
export function groupNormGradients(
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
