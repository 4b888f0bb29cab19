import { add, constant, sqrt } from "../../graph/build.ts";
import { clamp, div, squareSum } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";

/** The length of all gradients together, `[]`. */
export function gradientNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((gradient) => squareSum(gradient)).reduceRight(add, constant(0)));
}

/**
 * What gradients are to be multiplied by so that their common length is at most `most`, `[]`: most/(norm + 1e-6) where that is
 * below 1; and that length, the norm. Optimizers take the factor in, so that nothing passes over all gradients for it.
 */
export function clipScale(gradients: readonly Tensor[], most: number): { scale: Tensor; norm: Tensor } {
  const norm = gradientNorm(gradients);
  return { scale: clamp(div(constant(most), add(norm, constant(1e-6))), { high: 1 }), norm };
}
