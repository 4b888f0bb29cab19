import { broadcast } from "../broadcast.ts";
import { backward, check, checkIndex, checkShape, f32 } from "../checks.ts";
import { elements, swishFlop } from "../flop_counts.ts";
import {
  type BinaryFn,
  binaryFunctions,
  type FunctionParameters,
  type UnaryFn,
  unaryFunctions,
} from "../functions.ts";
import type { Backward, FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Functions of single elements, and their gradients. */
export interface ElementwiseOps {
  /** `fn` of each element, as `functions.ts` says. */
  unary: { inputs: { x: Operand }; attrs: { readonly fn: UnaryFn } & FunctionParameters };
  /** `fn` of each pair of elements, with NumPy's broadcasting. */
  binary: { inputs: { a: Operand; b: Operand }; attrs: { readonly fn: BinaryFn } };
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
  unary: ({ x }, attrs) => {
    for (const name of unaryFunctions[attrs.fn].parameters ?? []) {
      check(`unary ${attrs.fn}`, name, [], attrs[name] !== undefined, "a number");
    }
    return f32(x.shape);
  },
  binary: ({ a, b }, { fn }) => f32(broadcast(`binary ${fn}`, a.shape, b.shape)),
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
  unary: (tensor) => unaryFunctions[tensor.attrs.fn].flop * elements(tensor),
  binary: (tensor) => binaryFunctions[tensor.attrs.fn].flop * elements(tensor),
  // A sigmoid, then three products, a sum and a difference.
  silu_grad: (tensor) => 8 * elements(tensor),
  leaky_relu_grad: elements,
  swiglu: (tensor) => (swishFlop + 1) * elements(tensor),
  swiglu_grad: (tensor) => 9 * elements(tensor),
  dropout: elements,
};
