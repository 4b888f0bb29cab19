import { sizeOf } from "../tensor/shape.ts";
import type { FlopRules } from "./operand.ts";
import { inputsOf, type OpTable, type Tensor } from "./ops.ts";
import { attentionFlop } from "./ops/attention.ts";
import { convFlop } from "./ops/conv.ts";
import { elementwiseFlop } from "./ops/elementwise.ts";
import { leavesFlop } from "./ops/leaves.ts";
import { linearFlop } from "./ops/linear.ts";
import { lossFlop } from "./ops/loss.ts";
import { normFlop } from "./ops/norm.ts";
import { optimizerFlop } from "./ops/optimizer.ts";
import { poolFlop } from "./ops/pool.ts";
import { quantizeFlop } from "./ops/quantize.ts";
import { reduceFlop } from "./ops/reduce.ts";
import { samplingFlop } from "./ops/sampling.ts";
import { shapeFlop } from "./ops/shape.ts";
import { isComputed } from "./views.ts";

const rules: FlopRules<OpTable> = {
  ...leavesFlop,
  ...elementwiseFlop,
  ...shapeFlop,
  ...reduceFlop,
  ...linearFlop,
  ...convFlop,
  ...poolFlop,
  ...normFlop,
  ...attentionFlop,
  ...quantizeFlop,
  ...samplingFlop,
  ...lossFlop,
  ...optimizerFlop,
};

/**
 * Floating-point operations of the op that makes `tensor`: a multiply and an add are two, a root, quotient or exponential
 * is one.
 */
export function flopOf(tensor: Tensor): number {
  return (rules[tensor.op] as (tensor: Tensor) => number)(tensor);
}

/** Bytes that the op reads and writes, each tensor once. */
export function bytesMoved(tensor: Tensor): number {
  if (!isComputed(tensor)) return 0;
  return 4 * [tensor, ...inputsOf(tensor)].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}
