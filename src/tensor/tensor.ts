import type { Shape } from "./shape.ts";
import { describe, unfit } from "./describe.ts";
import { formatShape, isShape, sizeOf } from "./shape.ts";
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

/** Whether `value` is a tensor whose elements are as many as its shape says. */
export function isTensor(value: unknown): value is HostTensor {
  const { dtype, shape, data } = (value ?? {}) as Partial<HostTensor>;
  const fits = dtype === "f32"
    ? data instanceof Float32Array
    : dtype === "u32" && data instanceof Uint32Array;
  return fits && isShape(shape) && sizeOf(shape) === data!.length;
}

/** An f32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit. */
export function f32Tensor(
  shape: Shape,
  data: Float32Array = new Float32Array(sizeOf(shape)),
): HostTensor<"f32"> {
  const tensor = { dtype: "f32", shape, data } as const;
  checkTensor(tensor);
  return tensor;
}

/** A u32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit. */
export function u32Tensor(
  shape: Shape,
  data: Uint32Array = new Uint32Array(sizeOf(shape)),
): HostTensor<"u32"> {
  const tensor = { dtype: "u32", shape, data } as const;
  checkTensor(tensor);
  return tensor;
}

function checkTensor(tensor: HostTensor): void {
  const { dtype, shape, data }: HostTensor = tensor;
  if (isTensor(tensor)) return;
  if (!isShape(shape)) throw unfit("Cannot make a tensor: shape", "a list of whole numbers", shape);
  throw new ShapeError(`Cannot make a tensor of shape ${formatShape(shape)}`, {
    expected: `${sizeOf(shape)} elements in a ${dtype === "f32" ? "Float32Array" : "Uint32Array"}`,
    got: ArrayBuffer.isView(data) ? `${data.length} in a ${data.constructor.name}` : describe(data),
  });
}
