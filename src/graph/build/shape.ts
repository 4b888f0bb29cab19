import type { Shape } from "../../tensor/shape.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor, TensorOf } from "../ops.ts";
import type { ShapeOps } from "../ops/shape.ts";
import { sum, zeros } from "./reduce.ts";
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

/** Axis i of the result is axis `order[i]` of x. */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  return apply("permute", { x }, { order });
}

/** The gradients of these ops. */
export const shapeGradients: Gradients<keyof ShapeOps> = {
  reshape: ({ inputs: { x } }, dy) => ({ x: reshape(dy, x.shape) }),
  straight_through: ({ inputs: { gradient } }, dy) => ({
    value: "stops",
    ...gradient && { gradient: dy },
  }),
  slice: ({ inputs: { x }, attrs: { axis, start, length } }, dy) => {
    const before = zeros(x.shape.with(axis, start));
    const after = zeros(x.shape.with(axis, x.shape[axis]! - start - length));
    const parts = [before, dy, after].filter((part) => part.shape[axis] !== 0);
    return { x: parts.length > 0 ? parts.reduce((a, b) => concat(a, b, { axis })) : zeros(x.shape) };
  },
  concat: ({ inputs: { a, b }, attrs: { axis } }, dy) => {
    const [first, second] = [a.shape[axis]!, b.shape[axis]!];
    return {
      a: slice(dy, { axis, start: 0, length: first }),
      b: slice(dy, { axis, start: first, length: second }),
    };
  },
  select: ({ inputs: { condition, a } }, dy) => {
    const none = zeros(a.shape);
    return {
      a: apply("select", { condition, a: dy, b: none }, {}),
      b: apply("select", { condition, a: none, b: dy }, {}),
    };
  },
  pad: padGradient,
  permute: ({ attrs: { order } }, dy) => ({ x: permute(dy, order.map((_, axis) => order.indexOf(axis))) }),
};

/**
 * The gradient of `pad`: the part of dy that covers x. Where elements were replicated, the first and the last entry of x
 * also get the gradients of their copies.
 */
function padGradient(
  { inputs: { x }, attrs: { padding, mode } }: TensorOf<"pad">,
  dy: Tensor,
): { x: Tensor } {
  const along = mode === "zero" ? cropped : gathered;
  return {
    x: padding.reduce(
      (d, [before, after], axis) =>
        before + after === 0 ? d : along(d, { axis, length: x.shape[axis]!, padding: [before, after] }),
      dy,
    ),
  };
}

interface Axis {
  readonly axis: number;
  /** The length of x. */
  readonly length: number;
  readonly padding: Padding;
}

function cropped(dy: Tensor, { axis, length, padding: [before] }: Axis): Tensor {
  return slice(dy, { axis, start: before, length });
}

/** The part of dy that covers x, with the gradients of the copies added to its first and last entry. */
function gathered(dy: Tensor, { axis, length, padding: [before, after] }: Axis): Tensor {
  const part = (start: number, length: number) => slice(dy, { axis, start, length });
  if (length === 1) return sum(dy, [axis]);
  const first = sum(part(0, before + 1), [axis]), last = sum(part(before + length - 1, after + 1), [axis]);
  const inner = length > 2 ? [part(before + 1, length - 2)] : [];
  return [first, ...inner, last].reduce((a, b) => concat(a, b, { axis }));
}
