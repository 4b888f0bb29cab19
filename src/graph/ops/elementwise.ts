import { broadcast } from "../broadcast.ts";
import { backward, check, checkIndex, checkShape, f32 } from "../checks.ts";
import { elements, swishFlop } from "../flop_counts.ts";
import type { Backward, Binary, FlopRules, NoAttrs, Operand, ShapeRules, Spec, Unary } from "../operand.ts";

/** Functions of single elements, and their gradients. */
export interface ElementwiseOps {
  /** Elementwise, with NumPy's broadcasting. */
  add: Binary;
  sub: Binary;
  mul: Binary;
  /** `a / b`, broadcast. */
  div: { inputs: { a: Operand; b: Operand }; attrs: NoAttrs };
  /** `sqrt(x)`. */
  sqrt: Unary;
  /** `x · sigmoid(x)`, also called swish. */
  silu: Unary;
  exp: Unary;
  /** The natural logarithm. */
  log: Unary;
  sigmoid: Unary;
  /** `log(1 + exp(x))`, without overflow. `−softplus(−x)` is `log(sigmoid(x))`. */
  softplus: Unary;
  abs: Unary;
  /** −1, 0 or 1. */
  sign: Unary;
  /** `x` above zero, `slope·x` elsewhere; relu where slope is 0. */
  leaky_relu: { inputs: { x: Operand }; attrs: { slope: number } };
  /** `x` held to [low, high]; either may be infinite. */
  clamp: { inputs: { x: Operand }; attrs: { low: number; high: number } };
  /** 1 where low < x < high, else 0. */
  between: { inputs: { x: Operand }; attrs: { low: number; high: number } };
  /** The gradient of `silu` by x: `dy·s·(1 + x·(1 − s))`, s = sigmoid(x). */
  silu_grad: Backward;
  /** The gradient of `leaky_relu` by x. */
  leaky_relu_grad: { inputs: { x: Operand; dy: Operand }; attrs: { slope: number } };
  /** `silu(gate) · up`. */
  swiglu: { inputs: { gate: Operand; up: Operand }; attrs: NoAttrs };
  /** The gradient of `swiglu` by its gate: `silu_grad(gate, dy·up)`. (That by `up` is `swiglu(gate, dy)`.) */
  swiglu_grad: { inputs: { gate: Operand; up: Operand; dy: Operand }; attrs: NoAttrs };
  /**
   * `x·m`, m = 1/(1 − rate) where an element is kept, 0 elsewhere. Element i is kept where word i mod 4 of Philox under
   * key (r0, r1) and counter (⌊i/4⌋, site, r2, r3) is at least ⌊rate·2³²⌋: a function of random u32 `[4]` = r, of the
   * site, and of the element's place alone, so that the gradient computes its mask again, and none is stored.
   */
  dropout: { inputs: { x: Operand; random: Operand }; attrs: { rate: number; site: number } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const elementwiseShapes: ShapeRules<ElementwiseOps> = {
  add: ({ a, b }) => f32(broadcast("add", a.shape, b.shape)),
  sub: ({ a, b }) => f32(broadcast("sub", a.shape, b.shape)),
  mul: ({ a, b }) => f32(broadcast("mul", a.shape, b.shape)),
  div: ({ a, b }) => f32(broadcast("div", a.shape, b.shape)),
  sqrt: ({ x }) => f32(x.shape),
  silu: ({ x }) => f32(x.shape),
  exp: unary,
  log: unary,
  sigmoid: unary,
  softplus: unary,
  abs: unary,
  sign: unary,
  leaky_relu: unary,
  clamp: unary,
  between: unary,
  silu_grad: backward("silu_grad"),
  leaky_relu_grad: backward("leaky_relu_grad"),
  swiglu: ({ gate, up }) => {
    checkShape("swiglu", "up", up, gate.shape);
    return f32(gate.shape);
  },
  swiglu_grad: ({ gate, up, dy }) => {
    checkShape("swiglu_grad", "up", up, gate.shape);
    return backward("swiglu_grad")({ x: gate, dy });
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
};

/** Floating-point operations of each op; see `flopOf`. */
export const elementwiseFlop: FlopRules<ElementwiseOps> = {
  add: elements,
  sub: elements,
  mul: elements,
  div: elements,
  sqrt: elements,
  silu: (tensor) => swishFlop * elements(tensor),
  exp: elements,
  log: elements,
  sigmoid: (tensor) => 3 * elements(tensor),
  softplus: (tensor) => 4 * elements(tensor),
  abs: () => 0,
  sign: () => 0,
  leaky_relu: elements,
  clamp: () => 0,
  between: () => 0,
  // A sigmoid, then three products, a sum and a difference.
  silu_grad: (tensor) => 8 * elements(tensor),
  leaky_relu_grad: elements,
  swiglu: (tensor) => (swishFlop + 1) * elements(tensor),
  swiglu_grad: (tensor) => 9 * elements(tensor),
  dropout: elements,
};

function unary({ x }: { x: Operand }): Spec {
  return f32(x.shape);
}
