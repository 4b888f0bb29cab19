import {
  apply,
  broadcastTo,
  concat,
  constant,
  div,
  matmul,
  mul,
  permute,
  reshape,
  rope,
  sigmoid,
  sign,
  slice,
  sub,
  sum,
  swiglu,
} from "../graph/build.ts";
import type { Inputs, OpName, Tensor, TensorOf } from "../graph/ops.ts";
import { sizeOf } from "../tensor/shape.ts";
import { f32Tensor } from "../tensor/tensor.ts";
import { groupNormGradients } from "./norms.ts";
import { padGradient } from "./pad.ts";
import { negate, scale, unbroadcast, zeros } from "./support.ts";

/**
 * The gradients of an op's inputs from `dy`, the gradient of its result. An input without one stops it: rules name it
 * `"stops"` where that is meant, and leave out what they cannot differentiate.
 */
export type GradientRule<O extends OpName> = (
  tensor: TensorOf<O>,
  dy: Tensor,
) => { readonly [K in keyof Inputs<O>]?: Tensor | "stops" };

/**
 * Why an op has no rule. `leaf`: it reads nothing. `discrete`: its result does not change, or jumps, where its inputs
 * change a little, so that no gradient flows. `inference`, `fused`, `backward`: only graphs of inference, graphs that
 * were fused, or gradients hold it; differentiating it is an error.
 */
export type NoGradient = "leaf" | "discrete" | "inference" | "fused" | "backward";

/** The gradient of every op, complete by type. */
export const gradientRules: { readonly [O in OpName]: GradientRule<O> | NoGradient } = {
  input: "leaf",
  param: "leaf",
  constant: "leaf",
  state: "leaf",

  add: ({ inputs: { a, b } }, dy) => ({ a: unbroadcast(dy, a.shape), b: unbroadcast(dy, b.shape) }),
  sub: ({ inputs: { a, b } }, dy) => ({ a: unbroadcast(dy, a.shape), b: unbroadcast(negate(dy), b.shape) }),
  mul: ({ inputs: { a, b } }, dy) => ({
    a: unbroadcast(mul(dy, b), a.shape),
    b: unbroadcast(mul(dy, a), b.shape),
  }),
  sqrt: (tensor, dy) => ({ x: div(scale(dy, 0.5), tensor as Tensor) }),
  silu: ({ inputs: { x } }, dy) => ({ x: siluGrad(x, dy) }),

  mean: ({ inputs: { x }, shape }, dy) => ({
    x: broadcastTo(scale(dy, sizeOf(shape) / sizeOf(x.shape)), x.shape),
  }),
  reshape: ({ inputs: { x } }, dy) => ({ x: reshape(dy, x.shape) }),
  slice: ({ inputs: { x }, attrs: { axis, start, length } }, dy) => {
    const before = zeros(x.shape.with(axis, start));
    const after = zeros(x.shape.with(axis, x.shape[axis]! - start - length));
    const parts = [before, dy, after].filter((part) => part.shape[axis] !== 0);
    return { x: parts.length > 0 ? parts.reduce((a, b) => concat(a, b, { axis })) : zeros(x.shape) };
  },
  concat: ({ inputs: { a, b }, attrs: { axis } }, dy) => {
    const [first, second] = [a.shape[axis]!, b.shape[axis]!];
    return {
      a: slice(dy, { axis, start: 0, length: first }),
      b: slice(dy, { axis, start: first, length: second }),
    };
  },
  select: ({ inputs: { condition, a } }, dy) => {
    const none = zeros(a.shape);
    return {
      a: apply("select", { condition, a: dy, b: none }, {}),
      b: apply("select", { condition, a: none, b: dy }, {}),
    };
  },

  linear: ({ inputs: { x, weight, bias, norm, up, residual } }, dy) => {
    if (norm || up || residual) return {};
    const rows = reshape(dy, flat(dy));
    return {
      x: reshape(matmul(rows, weight), x.shape),
      weight: matmul(rows, reshape(x, flat(x)), { transposeA: true }),
      ...bias && { bias: reshape(sum(rows, [0]), bias.shape) },
    };
  },
  conv: ({ inputs: { x, weight, bias, affine, residual }, attrs }, dy) => {
    const { stride, padding, swish, depthToSpace } = attrs;
    if (affine || residual || swish || depthToSpace) return {};
    return {
      x: apply("conv_input_grad", { dy, weight }, { stride, padding, size: x.shape.slice(1, -1) }),
      weight: apply("conv_weight_grad", { x, dy }, { stride, padding, kernel: weight.shape.slice(2) }),
      ...bias && { bias: reshape(sum(reshape(dy, flat(dy)), [0]), bias.shape) },
    };
  },
  pool: ({ inputs: { x }, attrs }, dy) => ({ x: apply("pool_grad", { x, dy }, attrs) }),
  pad: padGradient,
  group_norm: groupNormGradients,
  group_norm_affine: "fused",
  channel_affine: "fused",
  depth_to_space: ({ inputs: { x } }, dy) => {
    const [w, channels] = x.shape.slice(-2) as [number, number];
    const rows = reshape(dy, [sizeOf(x.shape.slice(0, -2)), 2, w, channels / 2]);
    return { x: reshape(permute(rows, [0, 2, 1, 3]), x.shape) };
  },

  lfq_pack: "discrete",
  lfq_unpack: "discrete",

  rms_norm: ({ inputs: { x, weight }, attrs }, dy) => ({
    x: apply("rms_norm_grad", { x, weight, dy }, attrs),
    weight: apply("rms_norm_weight_grad", { x, dy }, attrs),
  }),
  embedding: ({ inputs: { table, index } }, dy) => ({
    table: apply("embedding_grad", { index, dy }, { words: table.shape[0]! }),
  }),
  swiglu: ({ inputs: { gate, up } }, dy) => ({
    gate: apply("swiglu_grad", { gate, up, dy }, {}),
    up: swiglu(gate, dy),
  }),
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
  philox: "discrete",
  guide: "inference",
  sample: "discrete",

  sum: ({ inputs: { x } }, dy) => ({ x: broadcastTo(dy, x.shape) }),
  square_sum: ({ inputs: { x } }, dy) => ({ x: mul(x, scale(dy, 2)) }),
  broadcast_to: ({ inputs: { x } }, dy) => ({ x: unbroadcast(dy, x.shape) }),
  permute: ({ attrs: { order } }, dy) => ({ x: permute(dy, order.map((_, axis) => order.indexOf(axis))) }),
  div: (tensor, dy) => {
    const { a, b } = tensor.inputs, quotient = div(dy, b);
    return {
      a: unbroadcast(quotient, a.shape),
      b: unbroadcast(negate(mul(quotient, tensor as Tensor)), b.shape),
    };
  },
  exp: (tensor, dy) => ({ x: mul(dy, tensor as Tensor) }),
  log: ({ inputs: { x } }, dy) => ({ x: div(dy, x) }),
  sigmoid: (tensor, dy) => {
    const y = tensor as Tensor;
    return { x: mul(dy, mul(y, sub(constant(1), y))) };
  },
  softplus: ({ inputs: { x } }, dy) => ({ x: mul(dy, sigmoid(x)) }),
  abs: ({ inputs: { x } }, dy) => ({ x: mul(dy, sign(x)) }),
  sign: "discrete",
  leaky_relu: ({ inputs: { x }, attrs }, dy) => ({ x: apply("leaky_relu_grad", { x, dy }, attrs) }),
  clamp: ({ inputs: { x }, attrs }, dy) => ({ x: mul(dy, apply("between", { x }, attrs)) }),
  between: "discrete",
  straight_through: ({ inputs: { gradient } }, dy) => ({
    value: "stops",
    ...gradient && { gradient: dy },
  }),
  matmul: ({ inputs: { a, b }, attrs: { transposeA, transposeB } }, dy) => ({
    a: transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
      : matmul(dy, b, { transposeB: !transposeB }),
    b: transposeB
      ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dy, { transposeA: !transposeA }),
  }),
  dropout: ({ inputs: { random }, attrs }, dy) => ({
    x: apply("dropout", { x: dy, random }, attrs),
    random: "stops",
  }),

  silu_grad: "backward",
  swiglu_grad: "backward",
  rms_norm_grad: "backward",
  rms_norm_weight_grad: "backward",
  leaky_relu_grad: "backward",
  conv_input_grad: "backward",
  conv_weight_grad: "backward",
  channel_sums: "backward",
  group_norm_grad: "backward",
  embedding_grad: "backward",
  attention_grad: "backward",
  cross_entropy: (tensor, dy) => ({
    logits: apply("cross_entropy_grad", { ...tensor.inputs, loss: tensor as Tensor, dy }, {}),
  }),
  cross_entropy_grad: "backward",
  pool_grad: "backward",

  assign: "backward",
  adam: "backward",
};

function siluGrad(x: Tensor, dy: Tensor): Tensor {
  return apply("silu_grad", { x, dy }, {});
}

/** All axes but the last as one. */
function flat({ shape }: Tensor): readonly number[] {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1)!];
}
