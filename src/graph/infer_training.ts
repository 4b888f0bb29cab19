import { type Shape, sizeOf } from "../tensor/shape.ts";
import { check, checkDType, checkIndex, checkShape, f32, rank } from "./checks.ts";
import { broadcast } from "./broadcast.ts";
import {
  type Attrs,
  type Inputs,
  type OpName,
  type Spec,
  type Tensor,
  type TrainingOp,
  viewed,
} from "./ops.ts";

/** What the ops of training make of their inputs. */
export const trainingRules: { [O in TrainingOp]: (inputs: Inputs<O>, attrs: Attrs<O>) => Spec } = {
  sum: ({ x }, { axes }) => f32(x.shape.map((length, axis) => axes.includes(axis) ? 1 : length)),
  square_sum: () => f32([]),
  broadcast_to: ({ x }, { shape }) => {
    const target = broadcast("broadcast_to", x.shape, shape);
    check("broadcast_to", "x", x.shape, `${target}` === `${shape}`, `what broadcasts to [${shape}]`);
    return f32(shape);
  },
  permute: ({ x }, { order }) => {
    const axes = [...order].sort((a, b) => a - b);
    const fits = axes.length === x.shape.length && axes.every((axis, i) => axis === i);
    check("permute", "x", x.shape, fits, `the axes ${order.join(", ")}`);
    return { shape: order.map((axis) => x.shape[axis]!), dtype: x.dtype };
  },
  div: ({ a, b }) => f32(broadcast("div", a.shape, b.shape)),
  exp: unary,
  log: unary,
  sigmoid: unary,
  softplus: unary,
  abs: unary,
  sign: unary,
  leaky_relu: unary,
  clamp: unary,
  between: unary,
  straight_through: ({ value, gradient }) => {
    if (gradient) checkShape("straight_through", "gradient", gradient, value.shape);
    return { shape: value.shape, dtype: value.dtype };
  },
  matmul: ({ a, b }, { transposeA, transposeB }) => {
    rank("matmul", "a", a, 3), rank("matmul", "b", b, 3);
    const [batch, rows, inner] = swapped(a.shape, transposeA);
    const columns = swapped(b.shape, transposeB)[2];
    checkShape("matmul", "b", b, swapped([batch, inner, columns], transposeB));
    return f32([batch, rows, columns]);
  },
  dropout: ({ x, random }, { rate, site }) => {
    checkIndex("dropout", "random", random, [4]);
    check("dropout", "rate", [], rate >= 0 && rate < 1, `a rate from 0, below 1, not ${rate}`);
    check(
      "dropout",
      "site",
      [],
      Number.isInteger(site) && site >= 0 && site < 2 ** 32,
      `a word, not ${site}`,
    );
    return f32(x.shape);
  },

  silu_grad: backward("silu_grad"),
  swiglu_grad: ({ gate, up, dy }) => {
    checkShape("swiglu_grad", "up", up, gate.shape);
    return backward("swiglu_grad")({ x: gate, dy });
  },
  rms_norm_grad: ({ x, weight, dy }) => {
    checkShape("rms_norm_grad", "weight", weight, x.shape.slice(-1));
    return backward("rms_norm_grad")({ x, dy });
  },
  rms_norm_weight_grad: ({ x, dy }) => {
    check("rms_norm_weight_grad", "x", x.shape, x.shape.length > 0, "an axis");
    return f32(backward("rms_norm_weight_grad")({ x, dy }).shape.slice(-1));
  },
  leaky_relu_grad: backward("leaky_relu_grad"),
  conv2d_input_grad: ({ dy, weight }, { stride, padding, height, width }) => {
    const [n, , , outputs] = rank("conv2d_input_grad", "dy", dy, 4) as [number, number, number, number];
    const [, channels, kh, kw] = rank("conv2d_input_grad", "weight", weight, 4) as [
      number,
      number,
      number,
      number,
    ];
    checkShape("conv2d_input_grad", "weight", weight, [outputs, channels, kh, kw]);
    const shape = [
      n,
      convolved(height, { k: kh, stride, padding }),
      convolved(width, { k: kw, stride, padding }),
    ];
    checkShape("conv2d_input_grad", "dy", dy, [...shape, outputs]);
    return f32([n, height, width, channels]);
  },
  conv2d_weight_grad: ({ x, dy, affine }, { stride, padding, kernel: [kh, kw] }) => {
    const [n, h, w, channels] = rank("conv2d_weight_grad", "x", x, 4) as [number, number, number, number];
    const outputs = rank("conv2d_weight_grad", "dy", dy, 4)[3]!;
    const shape = [n, convolved(h, { k: kh, stride, padding }), convolved(w, { k: kw, stride, padding })];
    checkShape("conv2d_weight_grad", "dy", dy, [...shape, outputs]);
    if (affine) checkShape("conv2d_weight_grad", "affine", affine, [n, 2, channels]);
    return f32([outputs, channels, kh, kw]);
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
  embedding_grad: ({ index, dy }, { words }) => {
    checkIndex("embedding_grad", "index", index, dy.shape.slice(0, -1));
    return f32([words, dy.shape.at(-1)!]);
  },
  attention_grad: ({ qkv, dy }, { heads }) => {
    const [sequences, positions, width] = rank("attention_grad", "qkv", qkv, 3) as [number, number, number];
    check("attention_grad", "qkv", qkv.shape, width % (3 * heads) === 0, `q, k, v of ${heads} heads`);
    checkShape("attention_grad", "dy", dy, [sequences, positions, width / 3]);
    return f32(qkv.shape);
  },
  cross_entropy: ({ logits, target }) => {
    const [rows] = rank("cross_entropy", "logits", logits, 2);
    checkIndex("cross_entropy", "target", target, [rows!]);
    return f32([rows!]);
  },
  cross_entropy_grad: ({ logits, target, loss, dy }) => {
    const [rows] = rank("cross_entropy_grad", "logits", logits, 2);
    checkIndex("cross_entropy_grad", "target", target, [rows!]);
    checkShape("cross_entropy_grad", "loss", loss, [rows!]);
    checkShape("cross_entropy_grad", "dy", dy, [rows!]);
    return f32(logits.shape);
  },
  max_pool: ({ x }) => f32(pooled("max_pool", x)),
  max_pool_grad: ({ x, dy }) => {
    checkShape("max_pool_grad", "dy", dy, pooled("max_pool_grad", x));
    return f32(x.shape);
  },

  assign: ({ state, value, when }) => {
    check(
      "assign",
      "state",
      state.shape,
      state.op === "state" && !state.attrs.halves,
      "a state in f32 or u32",
    );
    check("assign", "value", value.shape, viewed(value).op !== "state", "a computed value");
    checkShape("assign", "value", value, state.shape);
    checkDType("assign", "value", value, state.dtype);
    if (when) checkIndex("assign", "when", when, []);
    return { shape: state.shape, dtype: state.dtype };
  },
  adam: ({ parameter, gradient, step, scale, when, ...moments }) => {
    for (const [name, state] of Object.entries({ parameter, ...moments })) {
      if (!state) continue;
      check("adam", name, state.shape, state.op === "state" && !state.attrs.halves, "a state in f32");
      checkShape("adam", name, state, parameter.shape);
    }
    check("adam", "gradient", gradient.shape, viewed(gradient).op !== "state", "a computed value");
    checkShape("adam", "gradient", gradient, parameter.shape);
    checkShape("adam", "step", step, [3]);
    if (scale) checkShape("adam", "scale", scale, []);
    if (when) checkIndex("adam", "when", when, []);
    return f32(parameter.shape);
  },
};

function unary({ x }: { x: Tensor }): Spec {
  return f32(x.shape);
}

function backward(op: OpName): (inputs: { x: Tensor; dy: Tensor }) => Spec {
  return ({ x, dy }) => {
    checkDType(op, "dy", dy, "f32");
    checkShape(op, "dy", dy, x.shape);
    return f32(x.shape);
  };
}

function convolved(
  length: number,
  { k, stride, padding }: { k: number; stride: number; padding: number },
): number {
  return Math.floor((length + 2 * padding - k) / stride) + 1;
}

function swapped(shape: Shape, swap: boolean): [number, number, number] {
  const [batch, rows, columns] = shape as [number, number, number];
  return swap ? [batch, columns, rows] : [batch, rows, columns];
}

/** The shape of two numbers for each channel of each image. */
function normed(op: OpName, { x, dy }: { x: Tensor; dy: Tensor }): Shape {
  const shape = rank(op, "x", x, 4);
  checkShape(op, "dy", dy, shape);
  return [shape[0]!, 2, shape[3]!];
}

function pooled(op: OpName, x: Tensor): Shape {
  const [n, h, w, c] = rank(op, "x", x, 4) as [number, number, number, number];
  check(op, "x", x.shape, h > 1 && w > 1 || sizeOf(x.shape) === 0, "at least 2×2 positions");
  return [n, h >> 1, w >> 1, c];
}
