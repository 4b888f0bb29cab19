import type { Attrs, Spec, TrainingOp } from "../../graph/ops.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { broadcastStrides, forEachOffset, map, zip } from "./loops.ts";
import { philox4x32 } from "../../tensor/philox.ts";
import {
  attentionGrad,
  crossEntropy,
  crossEntropyGrad,
  embeddingGrad,
  rmsNormGrad,
  rmsNormWeightGrad,
} from "./training_sequence.ts";
import {
  channelSums,
  groupNormGrad,
  inputGrad,
  maxPool,
  maxPoolGrad,
  weightGrad,
} from "./training_vision.ts";
import { floats, swish, type Values } from "./values.ts";

type Evaluators = {
  [O in TrainingOp]: (inputs: Values<O>, attrs: Attrs<O>, spec: Spec) => HostTensor;
};

/** What the ops of training mean. */
export const trainingEvaluators: Evaluators = {
  sum: ({ x }, { axes }, spec) => {
    const sums = new Float64Array(sizeOf(spec.shape));
    const strides = stridesOf(spec.shape).map((stride, axis) => axes.includes(axis) ? 0 : stride);
    forEachOffset(x.shape, [strides], (i, [o]) => sums[o!]! += x.data[i]!);
    return floats(spec.shape, sums);
  },
  square_sum: ({ x }, _, spec) => {
    let sum = 0;
    x.data.forEach((value) => sum += value * value);
    return floats(spec.shape, [sum]);
  },
  broadcast_to: ({ x }, _, spec) => gather(x, broadcastStrides(x.shape, spec.shape), spec),
  permute: ({ x }, { order }, spec) => {
    const strides = stridesOf(x.shape);
    return gather(x, order.map((axis) => strides[axis]!), spec);
  },
  div: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x / y }),
  exp: ({ x }) => map(x, Math.exp),
  log: ({ x }) => map(x, Math.log),
  sigmoid: ({ x }) => map(x, sigmoid),
  softplus: ({ x }) => map(x, (value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))),
  abs: ({ x }) => map(x, Math.abs),
  sign: ({ x }) => map(x, Math.sign),
  leaky_relu: ({ x }, { slope }) => map(x, (value) => value > 0 ? value : slope * value),
  clamp: ({ x }, { low, high }) => map(x, (value) => Math.max(low, Math.min(high, value))),
  between: ({ x }, { low, high }) => map(x, (value) => value > low && value < high ? 1 : 0),
  straight_through: ({ value }) => value,
  matmul: ({ a, b }, { transposeA, transposeB }, spec) => {
    const [batches, rows, columns] = spec.shape as [number, number, number];
    const inner = a.shape[transposeA ? 1 : 2]!, result = floats(spec.shape);
    const [stepA, alongA] = transposeA ? [1, rows] : [inner, 1];
    const [stepB, alongB] = transposeB ? [inner, 1] : [1, columns];
    for (let i = 0; i < batches * rows * columns; i++) {
      const batch = Math.floor(i / columns / rows), row = Math.floor(i / columns) % rows;
      let p = batch * rows * inner + row * stepA, q = batch * inner * columns + i % columns * stepB, sum = 0;
      for (let k = 0; k < inner; k++, p += alongA, q += alongB) sum += a.data[p]! * b.data[q]!;
      result.data[i] = sum;
    }
    return result;
  },
  dropout: ({ x, random }, { rate, site }, spec) => {
    const result = floats(spec.shape), threshold = Math.floor(rate * 2 ** 32), scale = 1 / (1 - rate);
    const [r0, r1, r2, r3] = random.data as unknown as [number, number, number, number];
    for (let i = 0; i < x.data.length; i += 4) {
      philox4x32([r0, r1], [i / 4, site, r2, r3]).forEach((word, j) => {
        if (i + j < x.data.length) result.data[i + j] = x.data[i + j]! * (word >= threshold ? scale : 0);
      });
    }
    return result;
  },

  silu_grad: ({ x, dy }, _, spec) => zip(x, dy, { spec, fn: siluGrad }),
  swiglu_grad: ({ gate, up, dy }, _, spec) => {
    const product = zip(dy, up, { spec, fn: (d, u) => d * u });
    return zip(gate, product, { spec, fn: siluGrad });
  },
  rms_norm_grad: rmsNormGrad,
  rms_norm_weight_grad: rmsNormWeightGrad,
  leaky_relu_grad: ({ x, dy }, { slope }, spec) =>
    zip(x, dy, { spec, fn: (value, d) => value > 0 ? d : Number.isNaN(value) ? value : slope * d }),
  conv2d_input_grad: inputGrad,
  conv2d_weight_grad: weightGrad,
  channel_sums: channelSums,
  group_norm_grad: groupNormGrad,
  embedding_grad: embeddingGrad,
  attention_grad: attentionGrad,
  cross_entropy: crossEntropy,
  cross_entropy_grad: crossEntropyGrad,
  max_pool: maxPool,
  max_pool_grad: maxPoolGrad,

  assign: ({ state, value, when }) => {
    if (when?.data[0] !== 0) state.data.set(value.data);
    return state;
  },
  adam: (
    { parameter, m, v, average, gradient, step, scale, when },
    { beta1, beta2, eps, decay, averageDecay },
  ) => {
    if (when?.data[0] === 0) return parameter;
    const [rate, size, factor] = step.data as unknown as [number, number, number];
    gradient.data.forEach((slope, i) => {
      const g = slope * (scale?.data[0] ?? 1);
      const first = m.data[i] = beta1 * m.data[i]! + (1 - beta1) * g;
      const second = v.data[i] = beta2 * v.data[i]! + (1 - beta2) * g * g;
      const value = parameter.data[i]! * (1 - rate * decay) -
        size * first / (Math.sqrt(second) * factor + eps);
      parameter.data[i] = value;
      if (average) average.data[i]! += (1 - averageDecay) * (value - average.data[i]!);
    });
    return parameter;
  },
};

function gather(x: HostTensor, strides: readonly number[], spec: Spec): HostTensor {
  const result = floats(spec.shape);
  forEachOffset(spec.shape, [strides], (i, [o]) => result.data[i] = x.data[o!]!);
  return result;
}

function siluGrad(x: number, dy: number): number {
  return dy * (sigmoid(x) + swish(x) * (1 - sigmoid(x)));
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
