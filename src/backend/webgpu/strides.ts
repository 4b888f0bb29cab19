import type { Tensor } from "../../graph/ops.ts";
import { stridesOf } from "../../tensor/shape.ts";

/** The stride of the i-th axis from the innermost; 0 where it is repeated. */
export function strideFromInnermost({ shape }: Tensor, i: number): number {
  const axis = shape.length - 1 - i;
  return axis < 0 || shape[axis] === 1 ? 0 : stridesOf(shape)[axis]!;
}
