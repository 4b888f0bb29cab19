import type { ReduceOps } from "../../graph/ops/reduce.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { broadcastStrides, forEachOffset, gather } from "./loops.ts";
import { type Evaluators, floats } from "./values.ts";

/** What the ops of reductions compute. */
export const reduceEvaluators: Evaluators<keyof ReduceOps> = {
  mean: ({ x }, { axes, correction = 0 }, spec) => {
    const sums = new Float64Array(sizeOf(spec.shape));
    const strides = stridesOf(spec.shape).map((stride, axis) => axes.includes(axis) ? 0 : stride);
    forEachOffset(x.shape, [strides], (i, [o]) => sums[o!]! += x.data[i]!);
    const divisor = x.data.length / sums.length - correction;
    return floats(spec.shape, sums.map((sum) => sum / divisor));
  },
  sum: ({ x }, { axes }, spec) => {
    const sums = new Float64Array(sizeOf(spec.shape));
    const strides = stridesOf(spec.shape).map((stride, axis) => axes.includes(axis) ? 0 : stride);
    forEachOffset(x.shape, [strides], (i, [o]) => sums[o!]! += x.data[i]!);
    return floats(spec.shape, sums);
  },
  square_sum: ({ x }, _, spec) => {
    let sum = 0;
    x.data.forEach((value) => sum += value * value);
    return floats(spec.shape, [sum]);
  },
  broadcast_to: ({ x }, _, spec) => gather(x, broadcastStrides(x.shape, spec.shape), spec),
};
