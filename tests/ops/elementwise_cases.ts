import {
  type BinaryFn,
  binaryFunctions,
  type FunctionParameters,
  type UnaryFn,
  unaryFunctions,
} from "../../src/graph/functions.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { given } from "./case.ts";
import type { OpCases } from "./op_cases.ts";

const close = 1e-7;

const shapes: readonly Shape[] = [[], [1], [7], [4, 4], [1, 3, 5, 31], [2, 64, 65, 3], [1, 4097], [0, 8]];
const pairs = [
  [[], []],
  [[1], [1]],
  [[5], [5]],
  [[3, 7], [7]],
  [[1, 4, 4, 18], [1, 1, 1, 18]],
  [[2, 3, 5, 6], [2, 1, 1, 6]],
  [[2, 3, 5, 6], [2, 3, 5, 1]],
  [[2, 3, 5, 6], [2, 1, 5, 1]],
  [[6, 1], [1, 9]],
  [[4, 1, 3], [2, 1]],
  [[1, 40, 40, 32], []],
  [[1, 65, 33, 31], [1, 65, 33, 31]],
  [[0, 4], [4]],
] as const satisfies readonly (readonly [Shape, Shape])[];

/** Where functions are tried if not on [−4, 4): where they are defined, and where they are hard. */
const ranges: Readonly<Partial<Record<UnaryFn, readonly { scale?: number; offset?: number }[]>>> = {
  sqrt: [{ offset: 1 }],
  log: [{ offset: 1.001 }],
  silu: [{ scale: 4 }, { scale: 200 }],
  sigmoid: [{ scale: 20 }],
  // Beyond what exp can hold, on both sides.
  softplus: [{ scale: 4 }, { scale: 400 }],
  tanh: [{ scale: 4 }, { scale: 0.01 }, { scale: 100 }],
  gelu: [{ scale: 4 }, { scale: 20 }],
};

/** Parameters to try of the functions that have some. */
const parameters: Readonly<Partial<Record<UnaryFn, readonly FunctionParameters[]>>> = {
  leaky_relu: [{ slope: 0 }, { slope: 0.25 }],
  clamp: [{ low: 0, high: Infinity }, { low: -Infinity, high: 0.5 }, { low: -0.25, high: 0.5 }],
  between: [{ low: -0.25, high: 0.5 }, { low: -0.25, high: Infinity }, { low: -Infinity, high: 0.5 }],
};

/** Functions that give the same bits everywhere. */
const exact: readonly (UnaryFn | BinaryFn)[] = [
  ...["abs", "sign", "relu", "leaky_relu", "clamp", "between"] as const,
  ...["maximum", "minimum", "greater"] as const,
];

function unary(fn: UnaryFn): OpCases<"unary"> {
  return {
    tolerance: exact.includes(fn) ? 0 : close,
    nan: fn === "between" ? "compares" : "spreads",
    cases: (parameters[fn] ?? [{}]).flatMap((values) =>
      (ranges[fn] ?? [{ scale: 4 }]).flatMap((range) =>
        shapes.map((shape) => ({ operands: { x: given(shape, range) }, attrs: { fn, ...values } }))
      )
    ),
  };
}

function binary(fn: BinaryFn): OpCases<"binary"> {
  return {
    tolerance: exact.includes(fn) ? 0 : close,
    nan: fn === "greater" ? "compares" : "spreads",
    cases: pairs.map(([a, b]) => ({
      operands: { a: given(a), b: given(b, { offset: fn === "div" ? 2 : 0 }) },
      attrs: { fn },
    })),
  };
}

/** Cases of every function of one tensor, made of the table of functions: a new one has them at once. */
export const unaryCases: Readonly<Record<UnaryFn, OpCases<"unary">>> = Object.fromEntries(
  (Object.keys(unaryFunctions) as UnaryFn[]).map((fn) => [fn, unary(fn)]),
) as Record<UnaryFn, OpCases<"unary">>;

/** The same of functions of two tensors. */
export const binaryCases: Readonly<Record<BinaryFn, OpCases<"binary">>> = Object.fromEntries(
  (Object.keys(binaryFunctions) as BinaryFn[]).map((fn) => [fn, binary(fn)]),
) as Record<BinaryFn, OpCases<"binary">>;
