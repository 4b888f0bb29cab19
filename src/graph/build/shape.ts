import type { Shape } from "../../tensor/shape.ts";
import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";
import type { Padding } from "../window.ts";

/** The same elements, row-major, under `shape`. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply("reshape", { x }, { shape });
}

/** `value`, with the gradient going to `gradient` as if it were that. */
export function straightThrough(value: Tensor, gradient: Tensor): Tensor {
  return apply("straight_through", { value, gradient }, {});
}

/** `x`, through which no gradient flows. */
export function detach(x: Tensor): Tensor {
  return apply("straight_through", { value: x }, {});
}

/** `length` entries of `axis`, from `start`. */
export function slice(x: Tensor, attrs: { axis: number; start: number; length: number }): Tensor {
  return apply("slice", { x }, attrs);
}

/** `a`, then `b`, along `axis`. */
export function concat(a: Tensor, b: Tensor, { axis }: { axis: number }): Tensor {
  return apply("concat", { a, b }, { axis });
}

/** By row: `a` where condition u32 `[R]` is not 0, else `b`. */
export function select(condition: Tensor, { a, b }: { a: Tensor; b: Tensor }): Tensor {
  return apply("select", { condition, a, b }, {});
}

/** x with `padding` entries added along each axis: zeros, or copies of the nearest element of x. */
export function pad(
  x: Tensor,
  padding: readonly Padding[],
  { mode = "zero" }: { mode?: "zero" | "replicate" } = {},
): Tensor {
  return apply("pad", { x }, { padding, mode });
}

/** `x`, repeated to `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return `${x.shape}` === `${shape}` ? x : apply("broadcast_to", { x }, { shape });
}

/** Axis i of the result is axis `order[i]` of x. */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  return apply("permute", { x }, { order });
}
