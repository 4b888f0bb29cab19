import { flopOf } from "../../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Command, float, folded, type Operand, workgroupSize } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import type { Constants } from "../specialise.ts";
import { strideFromInnermost } from "../strides.ts";
import { byElement, eachElement } from "../each_element.ts";

/** How the ops of single elements become commands. */
export const elementwiseLowering: Rules<"add" | "sub" | "mul" | "sqrt" | "silu" | "swiglu"> = {
  add: (tensor) => binary("ADD", tensor),
  sub: (tensor) => binary("SUB", tensor),
  mul: (tensor) => binary("MUL", tensor),
  sqrt: (tensor) => byElement("unary", tensor, { constants: { SQRT: true }, bindings: { ...tensor.inputs } }),
  silu: (tensor) => byElement("unary", tensor, { constants: {}, bindings: { ...tensor.inputs } }),
  swiglu: (tensor) => [swigluCommand(tensor.inputs, { size: sizeOf(tensor.shape), out: tensor as Tensor })],
};

/** The same for those that need the kernels of training. */
export const elementwiseTraining: Rules<
  | "div"
  | "exp"
  | "log"
  | "sigmoid"
  | "softplus"
  | "abs"
  | "sign"
  | "leaky_relu"
  | "clamp"
  | "between"
  | "silu_grad"
  | "leaky_relu_grad"
  | "swiglu_grad"
  | "dropout"
> = {
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
  silu_grad: (tensor) => gradient(tensor, { SILU: true }),
  leaky_relu_grad: (tensor) => gradient(tensor, { LEAKY: true, SLOPE: float(tensor.attrs.slope) }),
  swiglu_grad: (tensor) => {
    const { gate, up, dy } = tensor.inputs;
    return [eachElement("gradient", {
      size: sizeOf(tensor.shape),
      constants: { SILU: true, GATED: true },
      bindings: { x: gate, dy, up, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
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
};

/** The dispatch of `swiglu`, which may add a residual. */
export function swigluCommand(
  { gate, up, residual }: { gate: Operand; up: Operand; residual?: Tensor },
  { size, out }: { size: number; out: Operand },
): Command {
  return {
    kernel: "swiglu",
    constants: { WORKGROUP: workgroupSize, SIZE: size, RESIDUAL: Boolean(residual) },
    bindings: { gate, up, residual, out },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: 5 * size,
  };
}

/** The dispatch of an elementwise op of two operands. */
function binary(
  operation: "ADD" | "SUB" | "MUL" | "DIV",
  tensor: TensorOf<"add" | "sub" | "mul" | "div">,
): Command[] {
  const { a, b } = tensor.inputs, { shape } = tensor;
  const size = sizeOf(shape), axes: Record<string, number> = {};
  // Axes are numbered from the innermost; a scalar has one of length 1.
  const lengths = [1, ...shape].reverse();
  for (const [i, length] of lengths.entries()) {
    axes[`LENGTH${i}`] = length;
    axes[`LEFT${i}`] = strideFromInnermost(a, i);
    axes[`RIGHT${i}`] = strideFromInnermost(b, i);
  }
  const same = `${a.shape}` === `${b.shape}`;
  return [{
    kernel: "binary",
    constants: {
      WORKGROUP: workgroupSize,
      SIZE: size,
      SAME: same,
      AXES: lengths.length,
      [operation]: true,
      ...axes,
    },
    bindings: { lhs: a, rhs: b, out: tensor as Tensor },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: size,
  }];
}

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

type MapOp = "exp" | "log" | "sigmoid" | "softplus" | "abs" | "sign" | "leaky_relu" | "clamp" | "between";
