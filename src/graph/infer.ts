import { type Shape, sizeOf } from "../tensor/shape.ts";
import { broadcast } from "./broadcast.ts";
import { check, checkDType, checkIndex, checkShape, f32, rank } from "./checks.ts";
import { sequenceRules } from "./infer_sequence.ts";
import { trainingRules } from "./infer_training.ts";
import type { Attrs, Inputs, OpName, Spec, Tensor } from "./ops.ts";

type ShapeRules = { [O in OpName]: (inputs: Inputs<O>, attrs: Attrs<O>) => Spec };

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
const rules: ShapeRules = {
  input: (_, { shape, dtype }) => ({ shape, dtype }),
  param: (_, { shape }) => f32(shape),
  constant: (_, { value }) => ({ shape: value.shape, dtype: value.dtype }),
  state: (_, { shape, dtype }) => ({ shape, dtype }),

  add: ({ a, b }) => f32(broadcast("add", a.shape, b.shape)),
  sub: ({ a, b }) => f32(broadcast("sub", a.shape, b.shape)),
  mul: ({ a, b }) => f32(broadcast("mul", a.shape, b.shape)),
  sqrt: ({ x }) => f32(x.shape),
  silu: ({ x }) => f32(x.shape),

  mean: ({ x }, { axes }) => f32(x.shape.map((length, axis) => axes.includes(axis) ? 1 : length)),
  reshape: ({ x }, { shape }) => {
    check("reshape", "x", x.shape, sizeOf(x.shape) === sizeOf(shape), `${sizeOf(shape)} elements`);
    return { shape, dtype: x.dtype };
  },
  slice: ({ x }, { axis, start, length }) => {
    const fits = axis < x.shape.length && start >= 0 && start + length <= x.shape[axis]!;
    check("slice", "x", x.shape, fits, `${start + length} entries along axis ${axis}`);
    return { shape: x.shape.with(axis, length), dtype: x.dtype };
  },
  concat: ({ a, b }, { axis }) => {
    check("concat", "a", a.shape, axis < a.shape.length, `an axis ${axis}`);
    check("concat", "b", b.shape, b.shape.length === a.shape.length, `${a.shape.length} axes`);
    checkShape("concat", "b", b, a.shape.with(axis, b.shape[axis]!));
    checkDType("concat", "b", b, a.dtype);
    return { shape: a.shape.with(axis, a.shape[axis]! + b.shape[axis]!), dtype: a.dtype };
  },
  select: ({ condition, a, b }) => {
    check("select", "a", a.shape, a.shape.length > 0, "at least one axis");
    checkIndex("select", "condition", condition, [a.shape[0]!]);
    checkShape("select", "b", b, a.shape);
    checkDType("select", "b", b, a.dtype);
    return { shape: a.shape, dtype: a.dtype };
  },

  linear: ({ x, weight, bias, norm, up, residual }) => {
    const [outputs, channels] = rank("linear", "weight", weight, 2);
    check("linear", "x", x.shape, x.shape.at(-1) === channels, `[…,${channels}]`);
    if (bias) checkShape("linear", "bias", bias, [outputs!]);
    if (norm) checkShape("linear", "norm", norm, [channels!]);
    if (up) checkShape("linear", "up", up, weight.shape);
    const shape = [...x.shape.slice(0, -1), outputs!];
    if (residual) checkShape("linear", "residual", residual, shape);
    return f32(shape);
  },
  conv2d: ({ x, weight, bias, affine, residual }, { stride, padding, depthToSpace }) => {
    const [n, h, w, channels] = rank("conv2d", "x", x, 4) as [number, number, number, number];
    const [outputs, , kh, kw] = rank("conv2d", "weight", weight, 4) as [number, number, number, number];
    checkShape("conv2d", "weight", weight, [outputs, channels, kh, kw]);
    if (bias) checkShape("conv2d", "bias", bias, [outputs]);
    if (affine) checkShape("conv2d", "affine", affine, [n, 2, channels]);
    const outH = Math.floor((h + 2 * padding - kh) / stride) + 1;
    const outW = Math.floor((w + 2 * padding - kw) / stride) + 1;
    check("conv2d", "x", x.shape, outH > 0 && outW > 0, `at least ${kh}×${kw} after padding`);
    const shape = depthToSpace
      ? spaceFromDepth("conv2d", [n, outH, outW, outputs])
      : [n, outH, outW, outputs];
    if (residual) checkShape("conv2d", "residual", residual, shape);
    return f32(shape);
  },
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
  depth_to_space: ({ x }) => f32(spaceFromDepth("depth_to_space", rank("depth_to_space", "x", x, 4))),

  lfq_pack: ({ x }) => {
    check("lfq_pack", "x", x.shape, x.shape.length > 0 && x.shape.at(-1)! <= 32, "at most 32 channels");
    return { shape: x.shape.slice(0, -1), dtype: "u32" };
  },
  lfq_unpack: ({ x }, { bits }) => f32([...x.shape, bits]),
  ...sequenceRules,
  ...trainingRules,
};

/** Shape and dtype of what `op` makes of `inputs`. Throws `ShapeError` naming op, input, and what was expected. */
export function infer<O extends OpName>(op: O, inputs: Inputs<O>, attrs: Attrs<O>): Spec {
  return rules[op](inputs, attrs);
}

function checkNorm(
  op: OpName,
  x: Tensor,
  { weight, bias, groups }: { weight: Tensor; bias: Tensor; groups: number },
): number {
  const [n, , , channels] = rank(op, "x", x, 4) as [number, number, number, number];
  check(op, "x", x.shape, channels % groups === 0, `channels that divide into ${groups} groups`);
  for (const [name, tensor] of Object.entries({ weight, bias })) {
    checkShape(op, name, tensor, tensor.shape.length === 2 ? [n, channels] : [channels]);
  }
  return channels;
}

function spaceFromDepth(op: OpName, shape: Shape): Shape {
  const [n, h, w, channels] = shape as [number, number, number, number];
  check(op, "x", shape, channels % 4 === 0, "a multiple of 4 channels");
  return [n, 2 * h, 2 * w, channels / 4];
}
