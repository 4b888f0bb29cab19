import { sameShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { ReduceOps } from "../ops/reduce.ts";
import { mul, scale } from "./elementwise.ts";
import { constant } from "./leaves.ts";

/** The mean over `axes`, which stay with length 1; the sum is divided by the number of elements less `correction`. */
export function mean(
  x: Tensor,
  axes: readonly number[],
  { correction }: { correction?: number } = {},
): Tensor {
  return apply("mean", { x }, correction === undefined ? { axes } : { axes, correction });
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
  return apply("reshape", { x: sum(x, x.shape.map((_, axis) => axis)) }, { shape: [] });
}

/** The sum of all squares, `[]`. */
export function squareSum(x: Tensor): Tensor {
  return apply("square_sum", { x }, {});
}

/** `x`, repeated to `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return `${x.shape}` === `${shape}` ? x : apply("broadcast_to", { x }, { shape });
}

/** Zeros of `shape`. */
export function zeros(shape: Shape): Tensor {
  return broadcastTo(constant(0), shape);
}

/** `dy`, summed over all along which an operand of `shape` was repeated. */
export function unbroadcast(dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const missing = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((length, axis) =>
    axis < missing || (shape[axis - missing] === 1 && length !== 1) ? [axis] : []
  );
  return apply("reshape", { x: sum(dy, axes) }, { shape: shape });
}

/** The gradients of these ops. */
export const reduceGradients: Gradients<keyof ReduceOps> = {
  mean: ({ inputs: { x }, attrs: { correction = 0 }, shape }, dy) => ({
    x: broadcastTo(scale(dy, 1 / (sizeOf(x.shape) / sizeOf(shape) - correction)), x.shape),
  }),
  sum: ({ inputs: { x } }, dy) => ({ x: broadcastTo(dy, x.shape) }),
  square_sum: ({ inputs: { x } }, dy) => ({ x: mul(x, scale(dy, 2)) }),
  broadcast_to: ({ inputs: { x } }, dy) => ({ x: unbroadcast(dy, x.shape) }),
};
