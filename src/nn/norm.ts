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
 * AdaptiveGroupNorm (docs/model.md, Encoder and decoder): GroupNorm of x `[N,…,C]` whose weight and bias come from the
 * statistics over positions of the code z `[N,…,bits]`: weight = gamma(sqrt(var z + eps)), bias = beta(mean z), the variance unbiased.
 */
export function adaptiveNorm(scope: Scope, x: Tensor, z: Tensor): Tensor {
  const n = z.shape[0]!, bits = z.shape.at(-1)!, axes = z.shape.slice(1, -1).map((_, i) => i + 1);
  const average = mean(z, axes);
  const centred = sub(z, average);
  const variance = mean(mul(centred, centred), axes, { correction: 1 });
  const deviation = sqrt(add(variance, constant(eps)));
  const affine = (at: Scope, statistic: Tensor) =>
    linear(reshape(statistic, [n, bits]), {
      weight: at.param("weight", [x.shape.at(-1)!, bits]),
      bias: at.param("bias", [x.shape.at(-1)!]),
    });
  return groupNorm(x, {
    weight: affine(scope.at("gamma"), deviation),
    bias: affine(scope.at("beta"), average),
    groups,
    eps,
  });
}
