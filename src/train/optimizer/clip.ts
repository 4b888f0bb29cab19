import { add, clamp, constant, div, sqrt, squareSum } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";

/**
 * The norm of all gradients together, `[]`. The sum begins with the last gradient, because gradients come out of a loss in
 * that order and each can then be freed early.
 */
export function gradientNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((gradient) => squareSum(gradient)).reduceRight(add, constant(0)));
}

/** The factor that brings gradients of norm `norm`, `[]`, to a norm of at most `most`. */
export function clipFactor(norm: Tensor, most: number): Tensor {
  return clamp(div(constant(most), add(norm, constant(1e-6))), { high: 1 });
}
