import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { broadcast } from "../broadcast.ts";
import { check, f32 } from "../checks.ts";
import { elements } from "../flop_counts.ts";
import type { FlopRules, Operand, ShapeRules, Unary } from "../operand.ts";

/** Means and sums over axes, and the repetition along axes, which is the gradient of a sum. */
export interface ReduceOps {
  /**
   * The mean over `axes`, which stay with length 1: the sum divided by the number of elements less `correction` (default 0),
   * which is 1 in an unbiased variance.
   */
  mean: { inputs: { x: Operand }; attrs: { axes: readonly number[]; correction?: number } };
  /** The sum over `axes`, which stay with length 1. */
  sum: { inputs: { x: Operand }; attrs: { axes: readonly number[] } };
  /** The sum of all squares, `[]`. */
  square_sum: Unary;
  /** `x`, repeated to `shape` by NumPy's rules. */
  broadcast_to: { inputs: { x: Operand }; attrs: { shape: Shape } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const reduceShapes: ShapeRules<ReduceOps> = {
  mean: ({ x }, { axes }) => f32(x.shape.map((length, axis) => axes.includes(axis) ? 1 : length)),
  sum: ({ x }, { axes }) => f32(x.shape.map((length, axis) => axes.includes(axis) ? 1 : length)),
  square_sum: () => f32([]),
  broadcast_to: ({ x }, { shape }) => {
    const target = broadcast("broadcast_to", x.shape, shape);
    check("broadcast_to", "x", x.shape, `${target}` === `${shape}`, `what broadcasts to [${shape}]`);
    return f32(shape);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const reduceFlop: FlopRules<ReduceOps> = {
  mean: ({ inputs: { x } }) => elements(x),
  sum: ({ inputs: { x } }) => sizeOf(x.shape),
  square_sum: ({ inputs: { x } }) => 2 * sizeOf(x.shape),
  broadcast_to: () => 0,
};
