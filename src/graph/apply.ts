import { infer } from "./infer.ts";
import type { Attrs, Inputs, OpName, Tensor } from "./ops.ts";

/** Makes the handle of `op` applied to `inputs`. Throws `ShapeError` where they do not fit. */
export function apply<O extends OpName>(op: O, inputs: Inputs<O>, attrs: Attrs<O>): Tensor {
  return { op, inputs, attrs, ...infer(op, inputs, attrs) } as unknown as Tensor;
}
