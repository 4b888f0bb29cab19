import type { Spec } from "../../graph/ops.ts";
import { sameShape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { floats } from "./values.ts";

/** Calls `visit` for each element of `shape`, with its index and its offsets under each list of strides. */
export function forEachOffset(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (index: number, offsets: readonly number[]) => void,
): void {
  const own = stridesOf(shape);
  const offsets = new Array<number>(strides.length);
  for (let i = 0, size = sizeOf(shape); i < size; i++) {
    strides.forEach((list, s) => {
      offsets[s] = own.reduce(
        (sum, stride, axis) => sum + Math.floor(i / stride) % shape[axis]! * list[axis]!,
        0,
      );
    });
    visit(i, offsets);
  }
}

/** `fn` of each element. */
export function map(x: HostTensor, fn: (value: number) => number): HostTensor {
  return floats(x.shape, Array.from(x.data, fn));
}

/** `fn` of each pair of elements, broadcast. */
export function zip(
  a: HostTensor,
  b: HostTensor,
  { spec, fn }: { spec: Spec; fn: (x: number, y: number) => number },
): HostTensor {
  const result = floats(spec.shape);
  if (sameShape(a.shape, b.shape)) {
    a.data.forEach((value, i) => result.data[i] = fn(value, b.data[i]!));
    return result;
  }
  const strides = [a, b].map((operand) => broadcastStrides(operand.shape, spec.shape));
  forEachOffset(spec.shape, strides, (i, [p, q]) => result.data[i] = fn(a.data[p!]!, b.data[q!]!));
  return result;
}

/** Strides of `shape` read as `target`: 0 along every axis that is repeated. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  return target.map((_, axis) => {
    const source = axis - target.length + shape.length;
    return source < 0 || shape[source] === 1 ? 0 : own[source]!;
  });
}

/** The elements of x under other strides. */
export function gather(x: HostTensor, strides: readonly number[], spec: Spec): HostTensor {
  const result = floats(spec.shape);
  forEachOffset(spec.shape, [strides], (i, [o]) => result.data[i] = x.data[o!]!);
  return result;
}
