import { dtypeBytes } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { OnProgress } from "./backend.ts";

/** Bytes of a weight as it is read: in f32. */
export function weightBytes(shape: Shape): number {
  return sizeOf(shape) * dtypeBytes.f32;
}

/** A function that is called with the shape of each of some weights, and reports their bytes, the total being that of all. */
export function countBytes(
  shapes: Iterable<Shape>,
  onProgress: OnProgress | undefined,
): (shape: Shape) => void {
  let loaded = 0, total = 0;
  for (const shape of shapes) total += weightBytes(shape);
  return (shape) => onProgress?.({ loaded: loaded += weightBytes(shape), total });
}
