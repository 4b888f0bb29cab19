import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";
import { reshape } from "./shape.ts";

/** The mean over `axes`, which stay with length 1. */
export function mean(x: Tensor, axes: readonly number[]): Tensor {
  return apply("mean", { x }, { axes });
}

/** The sum over `axes`, which stay with length 1. Any axes: each run of neighbours is an op. */
export function sum(x: Tensor, axes: readonly number[]): Tensor {
  const sorted = [...axes].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const axis of sorted) {
    const last = runs.at(-1);
    if (last?.at(-1) === axis - 1) last.push(axis);
    else runs.push([axis]);
  }
  return runs.reduce((y, run) => apply("sum", { x: y }, { axes: run }), x);
}

/** The sum of all elements, `[]`. */
export function total(x: Tensor): Tensor {
  return reshape(sum(x, x.shape.map((_, axis) => axis)), []);
}

/** The sum of all squares, `[]`. */
export function squareSum(x: Tensor): Tensor {
  return apply("square_sum", { x }, {});
}
