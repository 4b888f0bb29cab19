import { isListOf } from "./every.ts";

/** Lengths of a tensor's axes, outermost first. A scalar has shape `[]`. */
export type Shape = readonly number[];

/** Whether `value` is a list of whole numbers from 0 on. */
export function isShape(value: unknown): value is Shape {
  return isListOf(value, (length) => Number.isSafeInteger(length) && (length as number) >= 0);
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Whether two shapes have the same axes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** A shape as text: `[1,16,16,18]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}
