import { ShapeError } from "../tensor/errors.ts";
import type { GraphDType } from "../tensor/tensor.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import type { OpName, Spec, Tensor } from "./ops.ts";

export function f32(shape: Shape): Spec {
  return { shape, dtype: "f32" };
}

export function check(op: OpName, input: string, shape: Shape, ok: boolean, expected: string): void {
  if (!ok) throw new ShapeError(`Cannot build ${op}: ${input}`, { expected, got: formatShape(shape) });
}

export function checkShape(op: OpName, input: string, tensor: Tensor, expected: Shape): void {
  check(op, input, tensor.shape, sameShape(tensor.shape, expected), formatShape(expected));
}

export function rank(op: OpName, input: string, tensor: Tensor, axes: number): Shape {
  check(op, input, tensor.shape, tensor.shape.length === axes, `${axes} axes`);
  return tensor.shape;
}

export function checkDType(op: OpName, input: string, tensor: Tensor, expected: GraphDType): void {
  if (tensor.dtype !== expected) {
    throw new ShapeError(`Cannot build ${op}: ${input}`, { expected, got: tensor.dtype });
  }
}

export function checkIndex(op: OpName, input: string, tensor: Tensor, expected: Shape): void {
  checkDType(op, input, tensor, "u32");
  checkShape(op, input, tensor, expected);
}
