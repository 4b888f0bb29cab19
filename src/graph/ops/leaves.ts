import type { Shape } from "../../tensor/shape.ts";
import type { GraphDType, HostTensor } from "../../tensor/tensor.ts";
import { f32 } from "../checks.ts";
import type { FlopRules, NoInputs, ShapeRules } from "../operand.ts";

/** Values that a graph begins with: inputs, weights, constants and states. */
export interface LeavesOps {
  /** A tensor given at each run. */
  input: { inputs: NoInputs; attrs: { name: string; shape: Shape; dtype: GraphDType } };
  /** A weight, by its name in the checkpoint. */
  param: { inputs: NoInputs; attrs: { name: string; shape: Shape } };
  /** A value known when the graph is built. */
  constant: { inputs: NoInputs; attrs: { value: HostTensor } };
  /**
   * Memory of a program that outlives its runs: zeros when compiled. An op that writes one says so; of two ops on the
   * same state, one must depend on the other's result, which is then their order. With `f16` its f32 elements are
   * rounded to f16 when they are written.
   */
  state: { inputs: NoInputs; attrs: { name: string; shape: Shape; dtype: GraphDType; f16?: boolean } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const leavesShapes: ShapeRules<LeavesOps> = {
  input: (_, { shape, dtype }) => ({ shape, dtype }),
  param: (_, { shape }) => f32(shape),
  constant: (_, { value }) => ({ shape: value.shape, dtype: value.dtype }),
  state: (_, { shape, dtype }) => ({ shape, dtype }),
};

/** Floating-point operations of each op; see `flopOf`. */
export const leavesFlop: FlopRules<LeavesOps> = {
  input: () => 0,
  param: () => 0,
  constant: () => 0,
  state: () => 0,
};
