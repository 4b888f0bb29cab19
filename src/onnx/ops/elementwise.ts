import type { BinaryFn, FunctionParameters, UnaryFn } from "../../graph/functions.ts";
import type { ElementwiseOps } from "../../graph/ops/elementwise.ts";
import type { Emitter } from "../emitter.ts";
import { type Exporters, training } from "../exporter.ts";

/** How functions of single elements are exported. */
export const elementwiseExporters: Exporters<keyof ElementwiseOps> = {
  unary: ({ inputs: { x }, attrs }, to) => {
    const { names: [value], named } = to.together(x);
    const number = (value: number) => to.floats([value], x.shape.length > 0 ? [1] : []);
    return named(unary[attrs.fn](value!, { to, number, ...attrs }));
  },
  binary: ({ inputs: { a, b }, attrs: { fn } }, to) => {
    const { names: [first, second], named } = to.together(a, b);
    return named(binary[fn]({ a: first!, b: second!, to }));
  },
  swiglu: ({ inputs: { gate, up } }, to) => {
    const { names: [first, second], named } = to.together(gate, up);
    return named(to.node("Mul", [silu(first!, to), second]));
  },
  silu_grad: training,
  leaky_relu_grad: training,
  swiglu_grad: training,
  dropout: training,
};

/** `x · sigmoid(x)`. */
export function silu(x: string, to: Emitter): string {
  return to.node("Mul", [x, to.node("Sigmoid", [x])]);
}

/** `number` gives a constant number that is broadcast to x. */
type Unary = (
  x: string,
  at: { to: Emitter; number: (value: number) => string } & FunctionParameters,
) => string;

const unary: Readonly<Record<UnaryFn, Unary>> = {
  sqrt: (x, { to }) => to.node("Sqrt", [x]),
  silu: (x, { to }) => silu(x, to),
  exp: (x, { to }) => to.node("Exp", [x]),
  log: (x, { to }) => to.node("Log", [x]),
  // Not a node Sigmoid: that of onnxruntime is off by a hundredth where the result is near 0.
  sigmoid: (x, { to, number }) => {
    const divisor = to.node("Add", [to.node("Exp", [to.node("Neg", [x])]), number(1)]);
    return to.node("Div", [number(1), divisor]);
  },
  tanh: (x, { to }) => to.node("Tanh", [x]),
  softplus: (x, { to }) => to.node("Softplus", [x]),
  gelu: (x, { to, number }) => {
    const scale = 2 * Math.sqrt(2 / Math.PI);
    const square = to.node("Mul", [x, x]);
    const factor = to.node("Add", [
      to.node("Mul", [square, number(0.044715 * scale)]),
      number(scale),
    ]);
    return to.node("Mul", [x, to.node("Sigmoid", [to.node("Mul", [x, factor])])]);
  },
  abs: (x, { to }) => to.node("Abs", [x]),
  sign: (x, { to }) => to.node("Sign", [x]),
  relu: (x, { to }) => to.node("Relu", [x]),
  leaky_relu: (x, { to, slope }) => to.node("LeakyRelu", [x], { alpha: { float: slope! } }),
  clamp: (x, { to, low, high }) =>
    to.node("Clip", [
      x,
      ...[low!, high!].map((bound) => Number.isFinite(bound) ? to.floats([bound], []) : undefined),
    ]),
  between: (x, { to, number, low, high }) => {
    const [above, below] = [
      to.node("Greater", [x, number(low!)]),
      to.node("Less", [x, number(high!)]),
    ];
    return to.cast(to.node("And", [above, below]), to.float);
  },
};

type Binary = (of: { a: string; b: string; to: Emitter }) => string;

const binary: Readonly<Record<BinaryFn, Binary>> = {
  add: ({ a, b, to }) => to.node("Add", [a, b]),
  sub: ({ a, b, to }) => to.node("Sub", [a, b]),
  mul: ({ a, b, to }) => to.node("Mul", [a, b]),
  div: ({ a, b, to }) => to.node("Div", [a, b]),
  maximum: ({ a, b, to }) => to.node("Max", [a, b]),
  minimum: ({ a, b, to }) => to.node("Min", [a, b]),
  greater: ({ a, b, to }) => to.cast(to.node("Greater", [a, b]), to.float),
};
