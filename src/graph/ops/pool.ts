import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { check, checkShape, f32 } from "../checks.ts";
import { elements } from "../flop_counts.ts";
import type { FlopRules, Operand, ShapeRules } from "../operand.ts";
import { outputPositions, type Window } from "../window.ts";

/**
 * What pooling makes of the elements under a window: the largest, or their mean. Of a window that reaches beyond x,
 * `average` takes the mean of the elements inside of x, `average_padded` that of zeros outside, too.
 */
export type PoolFn = "max" | "average" | "average_padded";

/** Pooling. */
export interface PoolOps {
  /**
   * A window slides over the spatial axes of x `[N,…,C]`, one to three of them; each channel is pooled by itself. The
   * padding is less than the kernel on each side.
   */
  pool: { inputs: { x: Operand }; attrs: Window & { fn: PoolFn } };
  /** The gradient of `pool` by x: of `max`, dy goes to the first of the largest elements, else in equal shares to all. */
  pool_grad: { inputs: { x: Operand; dy: Operand }; attrs: Window & { fn: PoolFn } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const poolShapes: ShapeRules<PoolOps> = {
  pool: ({ x }, window) => f32(pooled("pool", x, window)),
  pool_grad: ({ x, dy }, window) => {
    checkShape("pool_grad", "dy", dy, pooled("pool_grad", x, window));
    return f32(x.shape);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const poolFlop: FlopRules<PoolOps> = {
  pool: (tensor) => tensor.attrs.fn === "max" ? 0 : sizeOf(tensor.attrs.kernel) * elements(tensor),
  pool_grad: ({ inputs: { dy }, attrs: { fn, kernel } }) =>
    fn === "max" ? 0 : 2 * sizeOf(kernel) * elements(dy),
};

function pooled(op: string, x: Operand, window: Window): Shape {
  const shape = [...outputPositions(op, x, window), x.shape.at(-1)!], { kernel, padding } = window;
  const meets = padding.every((pair, axis) => pair.every((entries) => entries < kernel[axis]!));
  check(op, "padding", padding.flat(), meets, `less than the kernel ${kernel.join("×")} on each side`);
  check(op, "x", x.shape, sizeOf(x.shape.slice(1, -1)) > 0, "at least one position");
  return shape;
}
