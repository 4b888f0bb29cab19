import { ShapeError } from "../tensor/errors.ts";
import type { GraphDType } from "../tensor/tensor.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import type { Operand, Spec } from "./operand.ts";

export function f32(shape: Shape): Spec {
  return { shape, dtype: "f32" };
}

export function check(op: string, input: string, shape: Shape, ok: boolean, expected: string): void {
  if (!ok) throw new ShapeError(`Cannot build ${op}: ${input}`, { expected, got: formatShape(shape) });
}

export function checkShape(op: string, input: string, tensor: Operand, expected: Shape): void {
  check(op, input, tensor.shape, sameShape(tensor.shape, expected), formatShape(expected));
}

export function rank(op: string, input: string, tensor: Operand, axes: number): Shape {
  check(op, input, tensor.shape, tensor.shape.length === axes, `${axes} axes`);
  return tensor.shape;
}

export function checkDType(op: string, input: string, tensor: Operand, expected: GraphDType): void {
  if (tensor.dtype !== expected) {
    throw new ShapeError(`Cannot build ${op}: ${input}`, { expected, got: tensor.dtype });
  }
}

export function checkIndex(op: string, input: string, tensor: Operand, expected: Shape): void {
  checkDType(op, input, tensor, "u32");
  checkShape(op, input, tensor, expected);
}

/** Whether a tensor is a state that is stored as f32 or u32, or one that is stored as f16. */
export function isState({ op, attrs }: Operand, { f16 = false }: { f16?: boolean } = {}): boolean {
  return op === "state" && ("f16" in attrs && attrs.f16 === true) === f16;
}

/** The shape rule of a gradient by x, which is of the shape of both x and dy. */
export function backward(op: string): (inputs: { x: Operand; dy: Operand }) => Spec {
  return ({ x, dy }) => {
    checkDType(op, "dy", dy, "f32");
    checkShape(op, "dy", dy, x.shape);
    return f32(x.shape);
  };
}
