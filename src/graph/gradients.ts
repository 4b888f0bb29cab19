import type { Inputs, OpName, Tensor, TensorOf } from "./ops.ts";

/**
 * The gradients of an op's inputs from `dy`, the gradient of its result. An input without one stops it: rules name it
 * `"stops"` where that is meant, and leave out what they cannot differentiate.
 */
export type GradientRule<O extends OpName> = (
  tensor: TensorOf<O>,
  dy: Tensor,
) => { readonly [K in keyof Inputs<O>]?: Tensor | "stops" };

/**
 * Why an op has no rule. `leaf`: it reads nothing. `discrete`: its result does not change, or jumps, where its inputs
 * change a little, so that no gradient flows. `inference`, `fused`, `backward`: only graphs of inference, graphs that
 * were fused, or gradients hold it; differentiating it is an error.
 */
export type NoGradient = "leaf" | "discrete" | "inference" | "fused" | "backward";

/** For each of some ops, its rule or why it has none. */
export type Gradients<O extends OpName> = { readonly [P in O]: GradientRule<P> | NoGradient };
