import { flopOf } from "../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { type Command, type Scratch, workgroupSize } from "./commands.ts";
import { binary, reduced, reduction, strideFromInnermost, type TrainingLowering } from "./lower.ts";
import { sequenceTraining } from "./lower_training_sequence.ts";
import { visionTraining } from "./lower_training_vision.ts";
import type { Constants } from "./specialise.ts";
import { eachElement, trainingCommand } from "./training_commands.ts";

/** Parts that a sum of all squares is cut into, at most, and elements of one at least. */
const mostParts = 256, elementsOfPart = 1024;

/** How the ops of training become commands. */
export const trainingLowering: TrainingLowering = {
  sum: (tensor) => [reduction(tensor)],
  square_sum: (tensor) => {
    const { x } = tensor.inputs, count = sizeOf(x.shape);
    const parts = Math.max(1, Math.min(mostParts, Math.ceil(count / elementsOfPart)));
    const sums: Scratch = { scratch: "sums", bytes: 4 * parts };
    return [
      trainingCommand("square_sum", {
        constants: { WORKGROUP: workgroupSize, COUNT: count, PARTS: parts },
        bindings: { x, out: sums },
        workgroups: [parts, 1, 1],
        flop: 2 * count,
      }),
      reduced({ x: sums, out: tensor as Tensor, size: 1, count: parts, inner: 1, sum: true }),
    ];
  },
  broadcast_to: (tensor) => strided(tensor, (i) => strideFromInnermost(tensor.inputs.x, i)),
  permute: (tensor) => {
    const { inputs: { x }, attrs: { order } } = tensor, strides = stridesOf(x.shape);
    return strided(tensor, (i) => strides[order[order.length - 1 - i]!] ?? 0);
  },
  div: (tensor) => binary("DIV", tensor),
  exp: (tensor) => mapped(tensor, { EXP: true }),
  log: (tensor) => mapped(tensor, { LOG: true }),
  sigmoid: (tensor) => mapped(tensor, { SIGMOID: true }),
  softplus: (tensor) => mapped(tensor, { SOFTPLUS: true }),
  abs: (tensor) => mapped(tensor, { ABS: true }),
  sign: (tensor) => mapped(tensor, { SIGN: true }),
  leaky_relu: (tensor) => mapped(tensor, { LEAKY: true, SLOPE: float(tensor.attrs.slope) }),
  clamp: (tensor) => mapped(tensor, { CLAMP: true, ...bounds(tensor.attrs) }),
  between: (tensor) => mapped(tensor, { BETWEEN: true, ...bounds(tensor.attrs) }),
  dropout: (tensor) => {
    const { inputs: { x, random }, attrs: { rate, site } } = tensor, size = sizeOf(tensor.shape);
    return [eachElement("dropout", {
      size: Math.ceil(size / 4),
      constants: {
        ...{
          ELEMENTS: size,
          SITE: site,
          THRESHOLD: Math.floor(rate * 2 ** 32),
          SCALE: float(1 / (1 - rate)),
        },
      },
      bindings: { x, random, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
  silu_grad: (tensor) => gradient(tensor, { SILU: true }),
  swiglu_grad: (tensor) => {
    const { gate, up, dy } = tensor.inputs;
    return [eachElement("gradient", {
      size: sizeOf(tensor.shape),
      constants: { SILU: true, GATED: true },
      bindings: { x: gate, dy, up, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
  leaky_relu_grad: (tensor) => gradient(tensor, { LEAKY: true, SLOPE: float(tensor.attrs.slope) }),

  assign: (tensor) => {
    const { state, value, when } = tensor.inputs;
    return [eachElement("assign", {
      size: sizeOf(tensor.shape),
      constants: { WHEN: Boolean(when) },
      bindings: { value, out: state, condition: when },
      flop: 0,
    })];
  },
  adam: (tensor) => {
    const { inputs, attrs: { beta1, beta2, eps, decay, averageDecay } } = tensor;
    const { parameter, m, v, average, gradient, step, scale, when } = inputs;
    return [eachElement("adam", {
      size: sizeOf(tensor.shape),
      constants: {
        ...{ BETA1: float(beta1), REST1: float(1 - beta1), BETA2: float(beta2), REST2: float(1 - beta2) },
        ...{ EPS: float(eps), DECAY: float(decay), AVERAGE_REST: float(1 - averageDecay) },
        ...{ AVERAGED: Boolean(average), SCALED: Boolean(scale), WHEN: Boolean(when) },
      },
      bindings: {
        ...{ parameter, first: m, second: v, average, gradient, step_values: step, scale, condition: when },
      },
      flop: flopOf(tensor as Tensor),
    })];
  },
  ...sequenceTraining,
  ...visionTraining,
};

/** A number as WGSL writes it. */
function float(value: number): string {
  return `f32(${value})`;
}

type MapOp = "exp" | "log" | "sigmoid" | "softplus" | "abs" | "sign" | "leaky_relu" | "clamp" | "between";

function mapped(tensor: TensorOf<MapOp>, constants: Constants): Command[] {
  return [eachElement("map", {
    size: sizeOf(tensor.shape),
    constants,
    bindings: { x: tensor.inputs.x, out: tensor as Tensor },
    flop: flopOf(tensor as Tensor),
  })];
}

function bounds({ low, high }: { low: number; high: number }): Constants {
  return {
    ...Number.isFinite(low) && { LOWER: true, LOW: float(low) },
    ...Number.isFinite(high) && { UPPER: true, HIGH: float(high) },
  };
}

function gradient(tensor: TensorOf<"silu_grad" | "leaky_relu_grad">, constants: Constants): Command[] {
  const { x, dy } = tensor.inputs;
  return [eachElement("gradient", {
    size: sizeOf(tensor.shape),
    constants,
    bindings: { x, dy, out: tensor as Tensor },
    flop: flopOf(tensor as Tensor),
  })];
}

/** A copy of x; `strideOf` gives x's stride along the i-th axis of the result from the innermost. */
function strided(tensor: TensorOf<"broadcast_to" | "permute">, strideOf: (i: number) => number): Command[] {
  const axes: Record<string, number> = {};
  // A scalar has one axis of length 1.
  const lengths = tensor.shape.length === 0 ? [1] : tensor.shape.toReversed();
  for (const [i, length] of lengths.entries()) {
    axes[`LENGTH${i}`] = length;
    axes[`STRIDE${i}`] = tensor.shape.length === 0 ? 0 : strideOf(i);
  }
  return [eachElement("strided", {
    size: sizeOf(tensor.shape),
    constants: { AXES: lengths.length, ...axes },
    bindings: { x: tensor.inputs.x, out: tensor as Tensor },
    flop: 0,
  })];
}
