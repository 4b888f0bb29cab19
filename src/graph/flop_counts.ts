import { sizeOf } from "../tensor/shape.ts";
import type { Spec } from "./operand.ts";

/** How many elements a tensor has. */
export function elements({ shape }: Spec): number {
  return sizeOf(shape);
}

/** Operations of `x / (1 + exp(−x))`. */
export const swishFlop = 4;
/** Operations of `x / √(mean x² + eps)·w` by element: a product and a sum, then two products. */
export const rmsFlop = 4;
