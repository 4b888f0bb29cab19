import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { check, checkDType, checkIndex, checkShape, f32 } from "../checks.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";
import type { Padding } from "../window.ts";

/** Views, and ops that move elements without computing. */
export interface ShapeOps {
  /** The same elements under another shape. */
  reshape: { inputs: { x: Operand }; attrs: { shape: Shape } };
  /** The elements of `value`; gradients go to `gradient`, of the same shape, or nowhere. */
  straight_through: { inputs: { value: Operand; gradient?: Operand }; attrs: NoAttrs };
  /** `length` entries of `axis`, from `start`. */
  slice: { inputs: { x: Operand }; attrs: { axis: number; start: number; length: number } };
  /** `a`, then `b`, along `axis`. */
  concat: { inputs: { a: Operand; b: Operand }; attrs: { axis: number } };
  /** By row: `a` where condition u32 `[R]` is not 0, else `b`; both `[R,…]`. */
  select: { inputs: { condition: Operand; a: Operand; b: Operand }; attrs: NoAttrs };
  /** x with `padding` entries added along each axis: zeros, or copies of the nearest element of x. */
  pad: { inputs: { x: Operand }; attrs: { padding: readonly Padding[]; mode: "zero" | "replicate" } };
  /** Axis i of the result is axis `order[i]` of x. */
  permute: { inputs: { x: Operand }; attrs: { order: readonly number[] } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const shapeShapes: ShapeRules<ShapeOps> = {
  reshape: ({ x }, { shape }) => {
    check("reshape", "x", x.shape, sizeOf(x.shape) === sizeOf(shape), `${sizeOf(shape)} elements`);
    return { shape, dtype: x.dtype };
  },
  straight_through: ({ value, gradient }) => {
    if (gradient) checkShape("straight_through", "gradient", gradient, value.shape);
    return { shape: value.shape, dtype: value.dtype };
  },
  slice: ({ x }, { axis, start, length }) => {
    const fits = axis < x.shape.length && start >= 0 && start + length <= x.shape[axis]!;
    check("slice", "x", x.shape, fits, `${start + length} entries along axis ${axis}`);
    return { shape: x.shape.with(axis, length), dtype: x.dtype };
  },
  concat: ({ a, b }, { axis }) => {
    check("concat", "a", a.shape, axis < a.shape.length, `an axis ${axis}`);
    check("concat", "b", b.shape, b.shape.length === a.shape.length, `${a.shape.length} axes`);
    checkShape("concat", "b", b, a.shape.with(axis, b.shape[axis]!));
    checkDType("concat", "b", b, a.dtype);
    return { shape: a.shape.with(axis, a.shape[axis]! + b.shape[axis]!), dtype: a.dtype };
  },
  select: ({ condition, a, b }) => {
    check("select", "a", a.shape, a.shape.length > 0, "at least one axis");
    checkIndex("select", "condition", condition, [a.shape[0]!]);
    checkShape("select", "b", b, a.shape);
    checkDType("select", "b", b, a.dtype);
    return { shape: a.shape, dtype: a.dtype };
  },
  pad: ({ x }, { padding }) => {
    const axes = x.shape.length;
    check("pad", "padding", padding.flat(), padding.length === axes, `a pair for each of ${axes} axes`);
    const fits = x.shape.every((length, axis) => {
      const [before, after] = padding[axis]!;
      return before >= 0 && after >= 0 && (length > 0 || before + after === 0);
    });
    check("pad", "x", x.shape, fits, "at least one entry along each axis that is padded");
    return f32(x.shape.map((length, axis) => padding[axis]![0] + length + padding[axis]![1]));
  },
  permute: ({ x }, { order }) => {
    const axes = [...order].sort((a, b) => a - b);
    const fits = axes.length === x.shape.length && axes.every((axis, i) => axis === i);
    check("permute", "x", x.shape, fits, `the axes ${order.join(", ")}`);
    return { shape: order.map((axis) => x.shape[axis]!), dtype: x.dtype };
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const shapeFlop: FlopRules<ShapeOps> = {
  reshape: () => 0,
  straight_through: () => 0,
  slice: () => 0,
  concat: () => 0,
  select: () => 0,
  pad: () => 0,
  permute: () => 0,
};
