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

/** The most elements of a tensor. */
const maxElements = 2 ** 32;

/** Whether `value` is a tensor whose elements are as many as its shape says. */
export function isTensor(value: unknown): value is HostTensor {
  const { dtype, shape, data } = (value ?? {}) as Partial<HostTensor>;
  const fits = dtype === "f32"
    ? data instanceof Float32Array
    : dtype === "u32" && data instanceof Uint32Array;
  return fits && isShape(shape) && sizeOf(shape) === data!.length;
}

/** An f32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit. */
export function f32Tensor(shape: Shape, data?: Float32Array): HostTensor<"f32"> {
  return checked({ dtype: "f32", shape, data: data ?? new Float32Array(checkedSize(shape)) });
}

/** A u32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit. */
export function u32Tensor(shape: Shape, data?: Uint32Array): HostTensor<"u32"> {
  return checked({ dtype: "u32", shape, data: data ?? new Uint32Array(checkedSize(shape)) });
}

function checked<D extends GraphDType>(tensor: HostTensor<D>): HostTensor<D> {
  if (isTensor(tensor as unknown)) return tensor;
  const size = checkedSize(tensor.shape), { dtype, shape } = tensor, data: unknown = tensor.data;
  const isArray = data instanceof Float32Array || data instanceof Uint32Array;
  throw new ShapeError(`Cannot make a tensor of shape ${formatShape(shape)}`, {
    expected: `${size} elements in a ${dtype === "f32" ? "Float32Array" : "Uint32Array"}`,
    got: isArray ? `${data.length} in a ${data.constructor.name}` : describe(data),
  });
}

/** The number of elements of a shape. Throws `ArgumentError` for what is none. */
function checkedSize(shape: Shape): number {
  const size = isShape(shape) ? sizeOf(shape) : Infinity;
  if (size <= maxElements) return size;
  throw unfit("Cannot make a tensor: shape", `whole numbers, of at most ${maxElements} elements`, shape);
}
