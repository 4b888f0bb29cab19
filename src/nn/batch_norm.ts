import { add, constant, detach, div, groupNorm, mean, mul, reshape, sqrt, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Scope } from "./scope.ts";

/** Mean and variance by channel, each `[C]`. */
export interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

const eps = 1e-5, momentum = 0.1;

/**
 * Batch normalisation of x `[N,…,C]` in training: every channel is normalised to mean 0 and variance 1 over the batch,
 * then scaled by weight and bias. Also returns the statistics of the batch, with the unbiased variance; no gradient flows
 * through them.
 */
export function batchNorm(scope: Scope, x: Tensor): { y: Tensor; batch: Statistics } {
  const channels = x.shape.at(-1)!, count = sizeOf(x.shape.slice(0, -1));
  const { weight, bias } = parameters(scope, channels);
  // All positions of the batch in a row, each channel its own group.
  const row = reshape(x, [1, count, channels]);
  const y = reshape(groupNorm(row, { weight, bias, groups: channels, eps }), x.shape);
  const values = detach(row), average = mean(values, [1]), centred = sub(values, average);
  const variance = mul(mean(mul(centred, centred), [1]), constant(count / (count - 1)));
  return { y, batch: { mean: reshape(average, [channels]), variance: reshape(variance, [channels]) } };
}

/** Batch normalisation in evaluation, by running statistics. */
export function batchNormBy(scope: Scope, x: Tensor, running: Statistics): Tensor {
  const { weight, bias } = parameters(scope, x.shape.at(-1)!);
  const factor = div(weight, sqrt(add(running.variance, constant(eps))));
  return add(mul(sub(x, running.mean), factor), bias);
}

/** Running statistics after one more batch; they start with means of 0 and variances of 1. */
export function updateStatistics(running: Statistics, batch: Statistics): Statistics {
  const move = (before: Tensor, now: Tensor) =>
    add(mul(before, constant(1 - momentum)), mul(now, constant(momentum)));
  return {
    mean: move(running.mean, batch.mean),
    variance: move(running.variance, batch.variance),
  };
}

function parameters(scope: Scope, channels: number): { weight: Tensor; bias: Tensor } {
  return { weight: scope.param("weight", [channels]), bias: scope.param("bias", [channels]) };
}
