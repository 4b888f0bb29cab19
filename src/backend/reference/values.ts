import type { Attrs, Inputs, OpName, Spec } from "../../graph/ops.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { type HostTensor, u32Tensor } from "../../tensor/tensor.ts";

/** The host tensors behind an op's named inputs. */
export type Values<O extends OpName> = { readonly [K in keyof Inputs<O>]: HostTensor };

/** For each of some ops, what it computes. */
export type Evaluators<O extends OpName> = {
  readonly [P in O]: (inputs: Values<P>, attrs: Attrs<P>, spec: Spec) => HostTensor;
};

/** `1 / (1 + exp(−x))`. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** `x · sigmoid(x)`. */
export function swish(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** Precision of results: f32 as in every backend, or f64 to compare gradients with finite differences. */
export type Precision = "f32" | "f64";

let wide = false;

/** Does `work`, whose results are kept in `precision`. */
export function withPrecision<T>(precision: Precision, work: () => T): T {
  const before = wide;
  wide = precision === "f64";
  try {
    return work();
  } finally {
    wide = before;
  }
}

/** A tensor of `data`, or of zeros, in the precision of the work under way. Wide ones only look like f32. */
export function floats(shape: Shape, data?: ArrayLike<number>): HostTensor<"f32"> {
  const length = sizeOf(shape);
  const array = wide
    ? (data ? Float64Array.from(data) : new Float64Array(length)) as unknown as Float32Array
    : data instanceof Float32Array
    ? data
    : data
    ? Float32Array.from(data)
    : new Float32Array(length);
  return { dtype: "f32", shape, data: array };
}

/** A tensor of zeros for an op's result. */
export function hostTensor({ shape, dtype }: Spec): HostTensor {
  return dtype === "u32" ? u32Tensor(shape) : floats(shape);
}
