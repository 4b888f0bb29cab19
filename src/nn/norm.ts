import { add, constant, groupNorm, linear, mean, mul, reshape, sqrt, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

const groups = 32;
const eps = 1e-6;

/** GroupNorm with a learned weight and bias by channel. */
export function norm(scope: Scope, x: Tensor): Tensor {
  const shape = [x.shape.at(-1)!];
  return groupNorm(x, {
    weight: scope.param("weight", shape),
    bias: scope.param("bias", shape),
    groups,
    eps,
  });
}

/**
 * AdaptiveGroupNorm: GroupNorm of x `[N,H,W,C]` whose weight and bias come from the statistics over positions of
 * the code z `[N,h,w,bits]`: weight = gamma(sqrt(var z + eps)), bias = beta(mean z), the variance unbiased.
 */
export function adaptiveNorm(scope: Scope, x: Tensor, z: Tensor): Tensor {
  const [n, h, w, bits] = z.shape as [number, number, number, number];
  const average = mean(z, [1, 2]);
  const centred = sub(z, average);
  const unbiased = constant(h * w / (h * w - 1));
  const variance = mul(mean(mul(centred, centred), [1, 2]), unbiased);
  const deviation = sqrt(add(variance, constant(eps)));
  const dense = (at: Scope, statistic: Tensor) =>
    linear(reshape(statistic, [n, bits]), {
      weight: at.param("weight", [x.shape.at(-1)!, bits]),
      bias: at.param("bias", [x.shape.at(-1)!]),
    });
  return groupNorm(x, {
    weight: dense(scope.at("gamma"), deviation),
    bias: dense(scope.at("beta"), average),
    groups,
    eps,
  });
}
