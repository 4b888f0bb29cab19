import { add, constant, detach, div, groupNorm, mean, mul, reshape, sqrt, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

/** Mean and variance by channel, each `[C]`. */
export interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

const eps = 1e-5, momentum = 0.1;

/**
 * Batch normalisation of x `[N,H,W,C]` in training: every channel brought to mean 0 and variance 1 over the batch, then
 * scaled by weight and bias. With the statistics of the batch, the variance unbiased, through which no gradient flows.
 */
export function batchNorm(scope: Scope, x: Tensor): { y: Tensor; batch: Statistics } {
  const [n, h, w, channels] = x.shape as [number, number, number, number];
  const { weight, bias } = parameters(scope, channels);
  // The batch as one tall image, each channel its own group.
  const tall = reshape(x, [1, n * h, w, channels]);
  const y = reshape(groupNorm(tall, { weight, bias, groups: channels, eps }), x.shape);
  const count = n * h * w, values = detach(x), average = mean(values, [0, 1, 2]);
  const centred = sub(values, average);
  const variance = mul(mean(mul(centred, centred), [0, 1, 2]), constant(count / (count - 1)));
  return { y, batch: { mean: reshape(average, [channels]), variance: reshape(variance, [channels]) } };
}

/** Batch normalisation in use: by running statistics. */
export function batchNormBy(scope: Scope, x: Tensor, running: Statistics): Tensor {
  const { weight, bias } = parameters(scope, x.shape.at(-1)!);
  const factor = div(weight, sqrt(add(running.variance, constant(eps))));
  return add(mul(sub(x, running.mean), factor), bias);
}

/** Running statistics after one more batch; they begin with means of 0 and variances of 1. */
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
