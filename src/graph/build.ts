import { f32Tensor, type GraphDType, type HostTensor } from "../tensor/tensor.ts";
import type { Shape } from "../tensor/shape.ts";
import { infer } from "./infer.ts";
import type { Attrs, Inputs, OpName, Tensor } from "./ops.ts";

/** Makes the handle of `op` applied to `inputs`. Throws `ShapeError` where they do not fit. */
export function apply<O extends OpName>(op: O, inputs: Inputs<O>, attrs: Attrs<O>): Tensor {
  return { op, inputs, attrs, ...infer(op, inputs, attrs) } as unknown as Tensor;
}

/** A tensor given at each run under `name`. */
export function input(name: string, { shape, dtype }: { shape: Shape; dtype: GraphDType }): Tensor {
  return apply("input", {}, { name, shape, dtype });
}

/** The weight `name`, of the shape that the checkpoint stores. */
export function param(name: string, shape: Shape): Tensor {
  return apply("param", {}, { name, shape });
}

/** A value known now: a host tensor, or a number as a scalar. */
export function constant(value: HostTensor | number): Tensor {
  return apply("constant", {}, {
    value: typeof value === "number" ? f32Tensor([], Float32Array.of(value)) : value,
  });
}

/** `a + b`, broadcast. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply("add", { a, b }, {});
}

/** `a − b`, broadcast. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return apply("sub", { a, b }, {});
}

/** `a · b`, elementwise, broadcast. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return apply("mul", { a, b }, {});
}

/** The square root of each element. */
export function sqrt(x: Tensor): Tensor {
  return apply("sqrt", { x }, {});
}

/** `x · sigmoid(x)`. */
export function silu(x: Tensor): Tensor {
  return apply("silu", { x }, {});
}

/** The mean over `axes`, which stay with length 1. */
export function mean(x: Tensor, axes: readonly number[]): Tensor {
  return apply("mean", { x }, { axes });
}

/** The same elements, row-major, under `shape`. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply("reshape", { x }, { shape });
}

/** `x · weightᵀ + bias`: x `[…,C]`, weight `[O,C]`, bias `[O]`. */
export function linear(x: Tensor, operands: { weight: Tensor; bias?: Tensor }): Tensor {
  return apply("linear", { x, ...operands }, {});
}

/** Convolution of x `[N,H,W,C]` by weight `[O,C,K,K]`, zero padding on all four sides. */
export function conv2d(
  x: Tensor,
  { weight, bias, stride, padding }: { weight: Tensor; bias?: Tensor; stride: number; padding: number },
): Tensor {
  return apply("conv2d", { x, weight, bias }, { stride, padding });
}

/** Group normalisation over positions, then weight and bias, each `[C]` or `[N,C]`. */
export function groupNorm(
  x: Tensor,
  { weight, bias, groups, eps }: { weight: Tensor; bias: Tensor; groups: number; eps: number },
): Tensor {
  return apply("group_norm", { x, weight, bias }, { groups, eps });
}

/** `[N,H,W,4·C]` → `[N,2·H,2·W,C]`, DCR order. */
export function depthToSpace(x: Tensor): Tensor {
  return apply("depth_to_space", { x }, {});
}

/** `[…,bits]` → u32 `[…]`: bit j is set where channel j is above zero. */
export function lfqPack(x: Tensor): Tensor {
  return apply("lfq_pack", { x }, {});
}

/** u32 `[…]` → `[…,bits]` of ±1, bit j in channel j. */
export function lfqUnpack(x: Tensor, bits: number): Tensor {
  return apply("lfq_unpack", { x }, { bits });
}
