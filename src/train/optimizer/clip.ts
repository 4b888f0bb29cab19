import { add, clamp, constant, div, sqrt, squareSum } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";

/**
 * The length of all gradients together, `[]`. They are computed from the last on, which is the order in which they come
 * out of a loss, so that what each needs is kept no longer than necessary.
 */
export function gradientNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((gradient) => squareSum(gradient)).reduceRight(add, constant(0)));
}

/** What gradients of length `norm`, `[]`, are to be multiplied by so as to be no longer than `most`. */
export function clipFactor(norm: Tensor, most: number): Tensor {
  return clamp(div(constant(most), add(norm, constant(1e-6))), { high: 1 });
}
