import type { ShapeOps } from "../../graph/ops/shape.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Emitter } from "../emitter.ts";
import type { Exporters } from "../exporter.ts";

/** How views, and ops that move elements, are exported. */
export const shapeExporters: Exporters<keyof ShapeOps> = {
  reshape: ({ inputs: { x }, attrs: { shape } }, to) => reshape(to.plain(x), { from: x.shape, shape, to }),
  straight_through: ({ inputs: { value } }, to) => {
    const { names: [name], named } = to.together(value);
    return named(name!);
  },
  slice: ({ inputs: { x }, attrs: { axis, start, length } }, to) => {
    const { names: [value], named, ...at } = to.together(x);
    return named(slice(value!, { axis: at.axis(axis), start, length, to }));
  },
  concat: ({ inputs: { a, b }, attrs }, to) => {
    const { names, named, axis } = to.together(a, b);
    return named(to.node("Concat", names, { axis: axis(attrs.axis) }));
  },
  select: ({ inputs: { condition, a, b } }, to) => {
    const { names, named } = to.together(a, b);
    const rows = unsqueeze(to.cast(to.plain(condition), "bool"), {
      axes: a.shape.slice(1).map((_, i) => i + 1),
      to,
    });
    return named(to.node("Where", [rows, ...names]));
  },
  pad: ({ inputs: { x }, attrs: { padding, mode } }, to) => {
    const { names: [value], named, axis } = to.together(x);
    if (padding.length === 0) return value!;
    const pads = new Array<number>(2 * padding.length);
    padding.forEach(([before, after], i) => {
      pads[axis(i)] = before;
      pads[padding.length + axis(i)] = after;
    });
    return named(to.node("Pad", [value, to.ints(pads)], { mode: mode === "zero" ? "constant" : "edge" }));
  },
  permute: ({ inputs: { x }, attrs: { order } }, to) =>
    order.length > 0 ? to.node("Transpose", [to.plain(x)], { perm: order }) : to.plain(x),
};

/** `length` entries of `axis` from `start`. */
export function slice(
  value: string,
  { axis, start, length, to }: { axis: number; start: number; length: number; to: Emitter },
): string {
  return to.node("Slice", [value, to.ints([start]), to.ints([start + length]), to.ints([axis])]);
}

/** Entry `i` of `axis`, which disappears. */
export function entry(value: string, { axis, i, to }: { axis: number; i: number; to: Emitter }): string {
  return to.node("Gather", [value, to.int(i)], { axis });
}

/** The value with axes of length 1 where the result has `axes`. */
export function unsqueeze(value: string, { axes, to }: { axes: readonly number[]; to: Emitter }): string {
  return axes.length > 0 ? to.node("Unsqueeze", [value, to.ints(axes)]) : value;
}

/**
 * The elements of a value of shape `from` under another. Says as little of the lengths as possible, so that they may be others in a
 * run: axes of length 1 come and go by themselves, else those in front stay as they are and the next one takes the rest.
 */
export function reshape(
  value: string,
  { from, shape, to }: { from: Shape; shape: Shape; to: Emitter },
): string {
  const long = (axes: Shape) => axes.filter((length) => length !== 1);
  if (`${long(from)}` === `${long(shape)}`) {
    const units = (axes: Shape) => axes.flatMap((length, axis) => length === 1 ? [axis] : []);
    const [gone, come] = [units(from), units(shape)];
    if (`${from}` === `${shape}`) return value;
    const squeezed = gone.length > 0 ? to.node("Squeeze", [value, to.ints(gone)]) : value;
    return unsqueeze(squeezed, { axes: come, to });
  }
  const same = from.findIndex((length, axis) => length !== shape[axis]);
  const lengths = shape.map((length, axis) => axis < same ? 0 : axis === same ? -1 : length);
  return to.node("Reshape", [value, to.ints(lengths)]);
}
