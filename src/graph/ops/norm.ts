import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { backward, check, checkShape, f32 } from "../checks.ts";
import { elements, rmsFlop, swishFlop } from "../flop_counts.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Group normalization and RMSNorm. */
export interface NormOps {
  /**
   * Groups of channels of x `[N,…,C]` brought to mean 0 and variance 1 over all positions; then scaled: weight, bias `[C]`
   * or `[N,C]`.
   */
  group_norm: {
    inputs: { x: Operand; weight: Operand; bias: Operand };
    attrs: { groups: number; eps: number };
  };
  /** What `group_norm` does to each channel, `x·a + b`, as `[N,2,C]` (a, then b). Made by fusion. */
  group_norm_affine: {
    inputs: { x: Operand; weight: Operand; bias: Operand };
    attrs: { groups: number; eps: number };
  };
  /** `x·a + b` by channel, affine `[N,2,C]`; then swish if `swish`. Made by fusion. */
  channel_affine: { inputs: { x: Operand; affine: Operand }; attrs: { swish: boolean } };
  /**
   * Sums over positions by channel, affine `[N,2,C]` = (a, b) → `[N,2,C]`: Σ dy, then Σ dy·(x·a + b).
   *
   * After fusion: `activation` `[N,2,C]` = (a', b') makes of dy the gradient of `silu` by x·a' + b'.
   */
  channel_sums: {
    inputs: { x: Operand; dy: Operand; affine: Operand; activation?: Operand };
    attrs: NoAttrs;
  };
  /**
   * The gradient of `group_norm` by x, from what its weights of 1 and biases of 0 would do to each channel (affine
   * `[N,2,C]` = (r, b), x̂ = x·r + b), sums = `channel_sums` of it, weight `[C]` or `[N,C]`:
   * `r·(w·dy − mean(w·dy) − x̂·mean(w·dy·x̂))`, the means over the group.
   *
   * After fusion: `activation` as in `channel_sums`.
   */
  group_norm_grad: {
    inputs: {
      x: Operand;
      dy: Operand;
      affine: Operand;
      sums: Operand;
      weight: Operand;
      activation?: Operand;
    };
    attrs: { groups: number };
  };
  /** `x / sqrt(mean(x²) + eps) · weight` over the last axis, weight `[D]`. */
  rms_norm: { inputs: { x: Operand; weight: Operand }; attrs: { eps: number } };
  /** The gradient of `rms_norm` by x: with x̂ = x·r, r = 1/√(mean x² + eps): `r·(w·dy − x̂·mean(w·dy·x̂))`. */
  rms_norm_grad: { inputs: { x: Operand; weight: Operand; dy: Operand }; attrs: { eps: number } };
  /** The gradient of `rms_norm` by its weight: x and dy `[…,D]` → `[D]`, Σ dy·x̂ over all rows. */
  rms_norm_weight_grad: { inputs: { x: Operand; dy: Operand }; attrs: { eps: number } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const normShapes: ShapeRules<NormOps> = {
  group_norm: ({ x, weight, bias }, { groups }) => {
    checkNorm("group_norm", x, { weight, bias, groups });
    return f32(x.shape);
  },
  group_norm_affine: ({ x, weight, bias }, { groups }) => {
    const channels = checkNorm("group_norm_affine", x, { weight, bias, groups });
    return f32([x.shape[0]!, 2, channels]);
  },
  channel_affine: ({ x, affine }) => {
    checkShape("channel_affine", "affine", affine, [x.shape[0]!, 2, x.shape.at(-1)!]);
    return f32(x.shape);
  },
  channel_sums: ({ x, dy, affine, activation }) => {
    const pairs = normed("channel_sums", { x, dy });
    checkShape("channel_sums", "affine", affine, pairs);
    if (activation) checkShape("channel_sums", "activation", activation, pairs);
    return f32(pairs);
  },
  group_norm_grad: ({ x, dy, affine, sums, weight, activation }, { groups }) => {
    const pairs = normed("group_norm_grad", { x, dy }), [n, , channels] = pairs as [number, number, number];
    check("group_norm_grad", "x", x.shape, channels % groups === 0, `a multiple of ${groups} channels`);
    checkShape("group_norm_grad", "affine", affine, pairs);
    checkShape("group_norm_grad", "sums", sums, pairs);
    if (activation) checkShape("group_norm_grad", "activation", activation, pairs);
    checkShape("group_norm_grad", "weight", weight, weight.shape.length === 2 ? [n, channels] : [channels]);
    return f32(x.shape);
  },
  rms_norm: ({ x, weight }) => {
    checkShape("rms_norm", "weight", weight, [x.shape.at(-1)!]);
    return f32(x.shape);
  },
  rms_norm_grad: ({ x, weight, dy }) => {
    checkShape("rms_norm_grad", "weight", weight, x.shape.slice(-1));
    return backward("rms_norm_grad")({ x, dy });
  },
  rms_norm_weight_grad: ({ x, dy }) => {
    check("rms_norm_weight_grad", "x", x.shape, x.shape.length > 0, "an axis");
    return f32(backward("rms_norm_weight_grad")({ x, dy }).shape.slice(-1));
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const normFlop: FlopRules<NormOps> = {
  group_norm: (tensor) => statisticsFlop * elements(tensor) + 2 * elements(tensor),
  group_norm_affine: ({ inputs: { x } }) => statisticsFlop * elements(x),
  channel_affine: (tensor) => (2 + (tensor.attrs.swish ? swishFlop : 0)) * elements(tensor),
  channel_sums: ({ inputs: { x, activation } }) => (activation ? 15 : 5) * sizeOf(x.shape),
  group_norm_grad: (tensor) => (tensor.inputs.activation ? 16 : 6) * elements(tensor),
  rms_norm: (tensor) => rmsFlop * elements(tensor),
  rms_norm_grad: (tensor) => 8 * elements(tensor),
  rms_norm_weight_grad: ({ inputs: { x } }) => 5 * sizeOf(x.shape),
};

function checkNorm(
  op: string,
  x: Operand,
  { weight, bias, groups }: { weight: Operand; bias: Operand; groups: number },
): number {
  const n = x.shape[0]!, channels = x.shape.at(-1)!;
  check(op, "x", x.shape, x.shape.length >= 3, "[N,…,C] with at least one spatial axis");
  check(op, "x", x.shape, channels % groups === 0, `channels that divide into ${groups} groups`);
  for (const [name, tensor] of Object.entries({ weight, bias })) {
    checkShape(op, name, tensor, tensor.shape.length === 2 ? [n, channels] : [channels]);
  }
  return channels;
}

/** The shape of two numbers for each channel of each image. */
function normed(op: string, { x, dy }: { x: Operand; dy: Operand }): Shape {
  check(op, "x", x.shape, x.shape.length >= 3, "[N,…,C] with at least one spatial axis");
  checkShape(op, "dy", dy, x.shape);
  return [x.shape[0]!, 2, x.shape.at(-1)!];
}

/** A mean and a variance: a sum, a product, another sum. */
const statisticsFlop = 3;
