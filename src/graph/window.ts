import { check } from "./checks.ts";
import type { Spec } from "./operand.ts";

/** Entries added before the first and after the last entry of an axis. */
export type Padding = readonly [before: number, after: number];

/** A window that slides over the spatial axes of `[N,…,C]`, with one entry for each of these axes, the outermost first. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly Padding[];
}

/** The sizes that a window makes of `sizes` along each axis: ⌊(size + before + after − kernel) / stride⌋ + 1. */
export function outputSizes(sizes: readonly number[], { kernel, stride, padding }: Window): number[] {
  return sizes.map((size, axis) => {
    const [before, after] = padding[axis]!;
    return Math.floor((size + before + after - kernel[axis]!) / stride[axis]!) + 1;
  });
}

/** The padding in time of a causal convolution of `kernel` frames, whose last tap is the present frame. */
export function causal(kernel: number): Padding {
  return [kernel - 1, 0];
}

/** `[N,…]` of the result, without its channels, where a window slides over x `[N,…,C]`. Throws `ShapeError`. */
export function outputPositions(op: string, { shape }: Pick<Spec, "shape">, window: Window): number[] {
  const sizes = shape.slice(1, -1), { length } = sizes, { kernel, stride, padding } = window;
  check(op, "x", shape, length >= 1 && length <= 3, "[N,…,C] with one to three spatial axes");
  const each = (name: string, values: readonly (number | Padding)[], ok: boolean) =>
    check(
      op,
      name,
      values.flat(),
      values.length === length && ok,
      `an entry for each of ${length} spatial axes`,
    );
  each("kernel", kernel, true);
  each("stride", stride, stride.every((step) => step > 0));
  each("padding", padding, padding.flat().every((entries) => entries >= 0));
  const outputs = outputSizes(sizes, window);
  check(op, "x", shape, outputs.every((size) => size > 0), `at least ${kernel.join("×")} after padding`);
  return [shape[0]!, ...outputs];
}
