import { add, constant, mul, sqrt } from "../../graph/build.ts";
import { clamp, div, squareSum } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";

/** The length of all gradients together, `[]`. */
export function gradientNorm(gradients: readonly Tensor[]): Tensor {
  return sqrt(gradients.map((gradient) => squareSum(gradient)).reduceRight(add, constant(0)));
}

/** The gradients, scaled so that their common length is at most `most`: by most/(norm + 1e-6) where that is below 1. */
export function clipGradients(
  gradients: readonly Tensor[],
  most: number,
): { gradients: Tensor[]; norm: Tensor } {
  const norm = gradientNorm(gradients);
  const factor = clamp(div(constant(most), add(norm, constant(1e-6))), { high: 1 });
  return { gradients: gradients.map((gradient) => mul(gradient, factor)), norm };
}

/** What gradients are to be multiplied by so that their common length is at most `most`, `[]`, and that length. */
export function clipScale(gradients: readonly Tensor[], most: number): { scale: Tensor; norm: Tensor } {
  const norm = gradientNorm(gradients);
  return { scale: clamp(div(constant(most), add(norm, constant(1e-6))), { high: 1 }), norm };
}
