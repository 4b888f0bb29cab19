import type { NormOps } from "../../graph/ops/norm.ts";
import type { Tensor } from "../../graph/ops.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Emitter } from "../emitter.ts";
import { type Exporters, training } from "../exporter.ts";
import { silu } from "./elementwise.ts";
import { entry, unsqueeze } from "./shape.ts";

/** How normalizations are exported. Their statistics are computed in f32. */
export const normExporters: Exporters<keyof NormOps> = {
  group_norm: ({ inputs: { x, weight, bias }, attrs: { groups, eps } }, to) => {
    const wide = to.wide(to.first(x));
    const grouped = to.node("Reshape", [wide, to.ints([0, groups, -1])]);
    const [ones, zeros] = [1, 0].map((value) =>
      to.floats(new Array(groups).fill(value), [groups], { wide: true })
    );
    const normed = to.node("InstanceNormalization", [grouped, ones, zeros], { epsilon: { float: eps } });
    const map = to.narrow(to.node("Reshape", [normed, to.node("Shape", [wide])]));
    const [scale, shift] = [weight, bias].map((tensor) =>
      byChannel(to.plain(tensor), { of: tensor.shape, x, to })
    );
    return { first: to.node("Add", [to.node("Mul", [map, scale]), shift]) };
  },
  group_norm_affine: ({ inputs: { x, weight, bias }, attrs: { groups, eps } }, to) => {
    const n = x.shape[0]!, channels = x.shape.at(-1)!;
    const grouped = to.node("Reshape", [to.wide(to.first(x)), to.ints([0, groups, -1])]);
    const mean = to.node("ReduceMean", [grouped], { axes: [2] });
    const centred = to.node("Sub", [grouped, mean]);
    const variance = to.node("ReduceMean", [to.node("Mul", [centred, centred])], { axes: [2] });
    const deviation = to.node("Sqrt", [to.node("Add", [variance, to.floats([eps], [1], { wide: true })])]);
    const [average, spread] = [mean, deviation].map((value) => {
      const repeated = to.node("Expand", [value, to.ints([n, groups, channels / groups])]);
      return to.narrow(to.node("Reshape", [repeated, to.ints([n, channels])]));
    });
    const scale = to.node("Div", [to.plain(weight), spread]);
    const shift = to.node("Sub", [to.plain(bias), to.node("Mul", [average, scale])]);
    return to.node("Concat", [scale, shift].map((value) => unsqueeze(value, { axes: [1], to })), { axis: 1 });
  },
  channel_affine: ({ inputs: { x, affine }, attrs: { swish } }, to) => ({
    first: channelAffine(x, { affine, swish, to }),
  }),
  rms_norm: ({ inputs: { x, weight }, attrs: { eps } }, to) =>
    rmsNorm(to.plain(x), { weight, axis: x.shape.length - 1, eps, to }),
  channel_sums: training,
  group_norm_grad: training,
  rms_norm_grad: training,
  rms_norm_weight_grad: training,
};

/** x `[N,…,C]` times a plus b by channel, affine `[N,2,C]`; then swish if `swish`. Channels come first. */
export function channelAffine(
  x: Tensor,
  { affine, swish, to }: { affine: Tensor; swish?: boolean; to: Emitter },
): string {
  const [scale, shift] = [0, 1].map((i) =>
    byChannel(entry(to.plain(affine), { axis: 1, i, to }), {
      of: [affine.shape[0]!, affine.shape[2]!],
      x,
      to,
    })
  );
  const map = to.node("Add", [to.node("Mul", [to.first(x), scale]), shift]);
  return swish ? silu(map, to) : map;
}

/** `x / sqrt(mean(x²) + eps) · weight` over the last axis, `axis`. */
export function rmsNorm(
  x: string,
  { weight, axis, eps, to }: { weight: Tensor; axis: number; eps: number; to: Emitter },
): string {
  const wide = to.wide(x);
  const square = to.node("ReduceMean", [to.node("Mul", [wide, wide])], { axes: [axis] });
  const root = to.node("Sqrt", [to.node("Add", [square, to.floats([eps], [1], { wide: true })])]);
  return to.node("Mul", [to.narrow(to.node("Div", [wide, root])), to.plain(weight)]);
}

/** A value `[C]` or `[N,C]` as it is broadcast to x, whose channels come first: with an axis for each of x behind them. */
function byChannel(value: string, { of, x, to }: { of: Shape; x: Tensor; to: Emitter }): string {
  return unsqueeze(value, { axes: x.shape.slice(2).map((_, i) => of.length + i), to });
}
