import type { Tensor } from "../graph/ops.ts";
import { graphOf } from "../graph/trace.ts";

/**
 * Where the residual blocks behind `outputs` end: the sums of two maps or sequences of one shape. Kept for gradients,
 * they leave all within the blocks to be computed again.
 */
export function blockEnds(outputs: Readonly<Record<string, Tensor>>): Tensor[] {
  return graphOf(outputs).tensors.filter((tensor) =>
    tensor.op === "binary" && tensor.attrs.fn === "add" && tensor.shape.length > 2 &&
    `${tensor.inputs.a.shape}` === `${tensor.inputs.b.shape}`
  );
}
