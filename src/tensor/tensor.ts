import type { Shape } from "./shape.ts";
import { unfit } from "./describe.ts";
import { elementsOf, isNumbers, type Numbers } from "./elements.ts";
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

/** Whether `value` has the type and the shape of a tensor, whatever its elements. */
export function isTensor(value: unknown): value is HostTensor {
  const { dtype, shape, data } = (value ?? {}) as Partial<HostTensor>;
  return (dtype === "f32" || dtype === "u32") && isShape(shape) && data !== undefined;
}

/**
 * The tensor that `value` is, its elements in the array of their type. Throws `ArgumentError` for another value, and for
 * elements that are of another type or not as many as the shape says; `subject` begins the message.
 */
export function tensorOf(value: unknown, subject: string, expected: string = "a tensor"): HostTensor {
  if (!isTensor(value)) throw unfit(subject, expected, value);
  const { dtype, shape, data } = value, length = sizeOf(shape);
  const elements = elementsOf(dtype, data, { subject, length });
  return elements === data ? value : { dtype, shape, data: elements };
}

/**
 * An f32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit, `ArgumentError` for values
 * that f32 does not hold exactly.
 */
export function f32Tensor(shape: Shape, data?: Numbers): HostTensor<"f32"> {
  return { dtype: "f32", shape, data: made("f32", shape, data) };
}

/**
 * A u32 host tensor; without `data`, of zeros. Throws `ShapeError` if the length does not fit, `ArgumentError` for values
 * that are not whole numbers from 0 to 2³² − 1.
 */
export function u32Tensor(shape: Shape, data?: Numbers): HostTensor<"u32"> {
  return { dtype: "u32", shape, data: made("u32", shape, data) };
}

function made<D extends GraphDType>(dtype: D, shape: Shape, data: unknown): HostArrays[D];
function made(dtype: GraphDType, shape: Shape, data: unknown): Float32Array | Uint32Array {
  const size = checkedSize(shape), subject = `Cannot make a tensor of shape ${formatShape(shape)}`;
  if (data === undefined) return dtype === "f32" ? new Float32Array(size) : new Uint32Array(size);
  if (!isNumbers(data) || data.length === size) return elementsOf(dtype, data, { subject });
  throw new ShapeError(subject, { expected: `${size} elements`, got: `${data.length}` });
}

/** The number of elements of a shape. Throws `ArgumentError` for what is none. */
function checkedSize(shape: Shape): number {
  const size = isShape(shape) ? sizeOf(shape) : Infinity;
  if (size <= maxElements) return size;
  throw unfit("Cannot make a tensor: shape", `whole numbers, of at most ${maxElements} elements`, shape);
}
