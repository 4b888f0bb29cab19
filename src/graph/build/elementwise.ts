import { apply } from "../apply.ts";
import type { BinaryFn, FunctionParameters, UnaryFn } from "../functions.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { ElementwiseOps } from "../ops/elementwise.ts";
import { constant } from "./leaves.ts";

interface Bounds {
  readonly low?: number;
  readonly high?: number;
}

/** `a + b`, broadcast. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "add" });
}

/** `a − b`, broadcast. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "sub" });
}

/** `a · b`, elementwise, broadcast. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "mul" });
}

/** `a / b`, broadcast. */
export function div(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "div" });
}

/** `x · factor`. */
export function scale(x: Tensor, factor: number): Tensor {
  return mul(x, constant(factor));
}

/** `−x`. */
export function negate(x: Tensor): Tensor {
  return scale(x, -1);
}

/** The larger of `a` and `b`, broadcast. */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "maximum" });
}

/** The smaller of `a` and `b`, broadcast. */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "minimum" });
}

/** 1 where `a > b`, else 0, broadcast. */
export function greater(a: Tensor, b: Tensor): Tensor {
  return apply("binary", { a, b }, { fn: "greater" });
}

/** The square root of each element. */
export function sqrt(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "sqrt" });
}

/** `x · sigmoid(x)`. */
export function silu(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "silu" });
}

/** `exp(x)`. */
export function exp(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "exp" });
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "log" });
}

/** `1 / (1 + exp(−x))`. */
export function sigmoid(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "sigmoid" });
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "tanh" });
}

/** The Gaussian error linear unit in its approximation by tanh; see `unaryFunctions`. */
export function gelu(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "gelu" });
}

/** `log(1 + exp(x))`, without overflow. */
export function softplus(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "softplus" });
}

/** `|x|`. */
export function abs(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "abs" });
}

/** −1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "sign" });
}

/** `x` above zero, `slope·x` elsewhere. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  return apply("unary", { x }, { fn: "leaky_relu", slope });
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return apply("unary", { x }, { fn: "relu" });
}

/** The number of [low, high] that is nearest to `x`; both are infinite if not given. */
export function clamp(x: Tensor, { low = -Infinity, high = Infinity }: Bounds): Tensor {
  return apply("unary", { x }, { fn: "clamp", low, high });
}

/** 1 where low < x < high, else 0; both are infinite if not given. */
export function between(x: Tensor, { low = -Infinity, high = Infinity }: Bounds): Tensor {
  return apply("unary", { x }, { fn: "between", low, high });
}

/** `silu(gate) · up`. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return apply("swiglu", { gate, up }, {});
}

/** `x / (1 − rate)` where an element is kept, 0 elsewhere; the mask is a function of random u32 `[4]` and the site. */
export function dropout(x: Tensor, attrs: { random: Tensor; rate: number; site: number }): Tensor {
  const { random, rate, site } = attrs;
  return rate === 0 ? x : apply("dropout", { x, random }, { rate, site });
}

/** The gradient of each function of one number by it, from x, y = f(x) and dy; none flows through `"discrete"` ones. */
export const unaryGradients: Readonly<Record<UnaryFn, UnaryGradient | "discrete">> = {
  sqrt: ({ y, dy }) => div(scale(dy, 0.5), y),
  silu: ({ x, dy }) => apply("silu_grad", { x, dy }, {}),
  exp: ({ y, dy }) => mul(dy, y),
  log: ({ x, dy }) => div(dy, x),
  sigmoid: ({ y, dy }) => mul(dy, mul(y, sub(constant(1), y))),
  tanh: ({ y, dy }) => mul(dy, sub(constant(1), mul(y, y))),
  softplus: ({ x, dy }) => mul(dy, sigmoid(x)),
  // With s = sigmoid(2u), u = a·(x + b·x³): y = x·s, and y' = s + 2·y·(1 − s)·u'.
  gelu: ({ x, y, dy }) => {
    const a = Math.sqrt(2 / Math.PI), b = 0.044715, square = mul(x, x), one = constant(1);
    const s = sigmoid(scale(mul(x, add(one, scale(square, b))), 2 * a));
    const inner = scale(add(one, scale(square, 3 * b)), 2 * a);
    return mul(dy, add(s, mul(mul(y, sub(one, s)), inner)));
  },
  abs: ({ x, dy }) => mul(dy, sign(x)),
  sign: "discrete",
  relu: ({ x, dy }) => apply("leaky_relu_grad", { x, dy }, { slope: 0 }),
  leaky_relu: ({ x, dy, slope }) => apply("leaky_relu_grad", { x, dy }, { slope: slope! }),
  clamp: ({ x, dy, ...bounds }) => mul(dy, between(x, bounds)),
  between: "discrete",
};

/**
 * The gradients of each function of two numbers by them, from a, b, y = f(a, b) and dy, of the shape of y. Of two equal
 * numbers, `maximum` and `minimum` give it to b.
 */
export const binaryGradients: Readonly<Record<BinaryFn, BinaryGradient | "discrete">> = {
  add: ({ dy }) => ({ a: dy, b: dy }),
  sub: ({ dy }) => ({ a: dy, b: negate(dy) }),
  mul: ({ a, b, dy }) => ({ a: mul(dy, b), b: mul(dy, a) }),
  div: ({ b, y, dy }) => {
    const quotient = div(dy, b);
    return { a: quotient, b: negate(mul(quotient, y)) };
  },
  maximum: ({ a, b, dy }) => chosen(greater(a, b), dy),
  minimum: ({ a, b, dy }) => chosen(greater(b, a), dy),
  greater: "discrete",
};

function chosen(first: Tensor, dy: Tensor): { a: Tensor; b: Tensor } {
  return { a: mul(dy, first), b: mul(dy, sub(constant(1), first)) };
}

type UnaryGradient = (of: { x: Tensor; y: Tensor; dy: Tensor } & FunctionParameters) => Tensor;
type BinaryGradient = (of: { a: Tensor; b: Tensor; y: Tensor; dy: Tensor }) => { a: Tensor; b: Tensor };

/** The gradients of these ops. */
export const elementwiseGradients: Gradients<Exclude<keyof ElementwiseOps, "unary" | "binary">> = {
  silu_grad: "backward",
  leaky_relu_grad: "backward",
  swiglu: ({ inputs: { gate, up } }, dy) => ({
    gate: apply("swiglu_grad", { gate, up, dy }, {}),
    up: swiglu(gate, dy),
  }),
  swiglu_grad: "backward",
  dropout: ({ inputs: { random }, attrs }, dy) => ({
    x: apply("dropout", { x: dy, random }, attrs),
    random: "stops",
  }),
};
