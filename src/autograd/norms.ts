import { apply, concat, constant, mul, reshape, slice } from "../graph/build.ts";
import { broadcastTo, sum } from "../graph/build_training.ts";
import type { Tensor, TensorOf } from "../graph/ops.ts";
import { negate, scale, unbroadcast } from "./support.ts";

/**
 * Group normalisation, y = w·x̂ + b with x̂ = (x − μ)·r by group: with S = Σ dy and T = Σ dy·x̂ over positions,
 * dw = T, db = S (over pictures too, where w is shared), and dx = r·(w·dy − mean(w·dy) − x̂·mean(w·dy·x̂)), the means
 * over the group. All but the sums and the last line is computed by channel.
 */
export function groupNormGradients(
  { inputs: { x, weight, bias }, attrs: { groups, eps } }: TensorOf<"group_norm">,
  dy: Tensor,
): { x: Tensor; weight: Tensor; bias: Tensor } {
  const [n, h, w, channels] = x.shape as [number, number, number, number];
  const ones = broadcastTo(constant(1), [channels]), none = broadcastTo(constant(0), [channels]);
  const affine = apply("group_norm_affine", { x, weight: ones, bias: none }, { groups, eps });
  const sums = apply("channel_sums", { x, dy, affine }, {});
  const part = (tensor: Tensor, i: number) =>
    reshape(slice(tensor, { axis: 1, start: i, length: 1 }), [n, channels]);
  const [plain, normed, r] = [part(sums, 0), part(sums, 1), part(affine, 0)];
  // [N,C] → [N,C]: each channel's share in the mean over its group.
  const groupMean = (byChannel: Tensor) => {
    const split = reshape(mul(byChannel, weight), [n, groups, channels / groups]);
    const total = scale(sum(split, [2]), groups / (h * w * channels));
    return reshape(broadcastTo(total, split.shape), [n, channels]);
  };
  const factors = [mul(r, weight), negate(mul(r, groupMean(normed))), negate(mul(r, groupMean(plain)))]
    .map((factor) => reshape(factor, [n, 1, channels]))
    .reduce((a, b) => concat(a, b, { axis: 1 }));
  return {
    x: apply("channel_combine", { x, dy, affine, factors }, {}),
    weight: unbroadcast(normed, weight.shape),
    bias: unbroadcast(plain, bias.shape),
  };
}
