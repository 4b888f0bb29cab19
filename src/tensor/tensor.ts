import type { Shape } from "./shape.ts";
import { formatShape, sizeOf } from "./shape.ts";
import { ShapeError } from "./errors.ts";

/** Element types that a graph's tensors have. */
export type GraphDType = "f32" | "u32";

/** The arrays that hold them on the host. */
export interface HostArrays {
  /** Data of f32 tensors. */
  f32: Float32Array;
  /** Data of u32 tensors. */
  u32: Uint32Array;
}

/** A tensor in host memory, row-major and dense. */
export interface HostTensor<D extends GraphDType = GraphDType> {
  /** Type of the elements. */
  readonly dtype: D;
  /** Lengths of the axes. */
  readonly shape: Shape;
  /** The elements, row-major. */
  readonly data: HostArrays[D];
}

/** An f32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit. */
export function f32Tensor(
  shape: Shape,
  data: Float32Array = new Float32Array(sizeOf(shape)),
): HostTensor<"f32"> {
  checkLength(shape, data.length);
  return { dtype: "f32", shape, data };
}

/** A u32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit. */
export function u32Tensor(
  shape: Shape,
  data: Uint32Array = new Uint32Array(sizeOf(shape)),
): HostTensor<"u32"> {
  checkLength(shape, data.length);
  return { dtype: "u32", shape, data };
}

function checkLength(shape: Shape, length: number): void {
  if (sizeOf(shape) !== length) {
    throw new ShapeError(`Cannot make a tensor of shape ${formatShape(shape)}`, {
      expected: `${sizeOf(shape)} elements`,
      got: `${length}`,
    });
  }
}
