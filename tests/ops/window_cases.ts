import type { PoolFn } from "../../src/graph/ops/pool.ts";
import { outputSizes, type Padding, type Window } from "../../src/graph/window.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { type CaseSpec, given } from "./case.ts";

const halving: Window = { kernel: [2, 2], stride: [2, 2], padding: [[0, 0], [0, 0]] };
const fns: readonly PoolFn[] = ["max", "average", "average_padded"];

/** Poolings: blocks, windows that overlap or leave gaps, padding on one side alone, one to three axes. */
const pools: readonly (readonly [Shape, Window])[] = [
  [[1, 2, 2, 1], halving],
  [[2, 5, 7, 3], halving],
  [[1, 8, 8, 32], halving],
  [[0, 4, 4, 8], halving],
  [[2, 9, 8, 20], { kernel: [3, 3], stride: [2, 2], padding: [[0, 0], [0, 0]] }],
  [[1, 7, 6, 6], { kernel: [3, 3], stride: [1, 1], padding: [[1, 1], [1, 1]] }],
  [[1, 7, 9, 4], { kernel: [3, 2], stride: [2, 1], padding: [[0, 1], [1, 0]] }],
  [[1, 9, 9, 5], { kernel: [1, 2], stride: [4, 4], padding: [[0, 0], [0, 0]] }],
  [[2, 9, 18], { kernel: [3], stride: [2], padding: [[1, 1]] }],
  [[2, 4, 5, 6, 8], { kernel: [2, 3, 3], stride: [2, 2, 1], padding: [[1, 0], [1, 1], [0, 2]] }],
];

/** Poolings of every kind. */
export const poolCases: readonly CaseSpec<"pool">[] = pools.flatMap(([x, window]) =>
  fns.map((fn) => ({ operands: { x: given(x) }, attrs: { ...window, fn } }))
);

/** Their gradients. */
export const poolGradCases: readonly CaseSpec<"pool_grad">[] = pools.flatMap(([x, window]) => {
  const dy: Shape = [x[0]!, ...outputSizes(x.slice(1, -1), window), x.at(-1)!];
  return fns.map((fn) => ({ operands: { x: given(x), dy: given(dy) }, attrs: { ...window, fn } }));
});

/** Paddings of any axes. */
export const padCases: readonly CaseSpec<"pad">[] = ([
  [[1], [[0, 0]]],
  [[], []],
  [[5], [[2, 3]]],
  [[1, 3], [[1, 0], [0, 2]]],
  [[2, 5, 7, 3], [[0, 0], [1, 2], [0, 3], [0, 0]]],
  [[1, 8, 8, 32], [[0, 0], [1, 1], [1, 1], [0, 0]]],
  [[2, 3, 4], [[1, 1], [0, 0], [2, 0]]],
  [[1, 3, 4, 5, 6], [[0, 0], [2, 0], [1, 1], [1, 1], [0, 0]]],
  [[0, 4, 4, 8], [[0, 0], [1, 1], [1, 1], [0, 0]]],
] as [Shape, Padding[]][]).flatMap(([x, padding]) =>
  (["zero", "replicate"] as const).map((mode) => ({ operands: { x: given(x) }, attrs: { padding, mode } }))
);
