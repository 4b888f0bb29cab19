import { broadcastTo, constant, mul, reshape, sum } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { sameShape, type Shape } from "../tensor/shape.ts";

/** `x · factor`. */
export function scale(x: Tensor, factor: number): Tensor {
  return mul(x, constant(factor));
}

/** `−x`. */
export function negate(x: Tensor): Tensor {
  return scale(x, -1);
}

/** Zeros of `shape`. */
export function zeros(shape: Shape): Tensor {
  return broadcastTo(constant(0), shape);
}

/** `dy`, summed over all along which an operand of `shape` was repeated. */
export function unbroadcast(dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const missing = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((length, axis) =>
    axis < missing || (shape[axis - missing] === 1 && length !== 1) ? [axis] : []
  );
  return reshape(sum(dy, axes), shape);
}
