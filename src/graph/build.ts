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

/** Memory that outlives a run, zeros at first; with `halves` its elements are kept as f16. */
export function state(name: string, attrs: Omit<Attrs<"state">, "name">): Tensor {
  return apply("state", {}, { name, ...attrs });
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

/** `length` entries of `axis`, from `start`. */
export function slice(x: Tensor, attrs: { axis: number; start: number; length: number }): Tensor {
  return apply("slice", { x }, attrs);
}

/** `a`, then `b`, along `axis`. */
export function concat(a: Tensor, b: Tensor, { axis }: { axis: number }): Tensor {
  return apply("concat", { a, b }, { axis });
}

/** By row: `a` where condition u32 `[R]` is not 0, else `b`. */
export function select(condition: Tensor, { a, b }: { a: Tensor; b: Tensor }): Tensor {
  return apply("select", { condition, a, b }, {});
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

/** `x / sqrt(mean(x²) + eps) · weight` over the last axis. */
export function rmsNorm(x: Tensor, { weight, eps }: { weight: Tensor; eps: number }): Tensor {
  return apply("rms_norm", { x, weight }, { eps });
}

/** Rows of table `[V,D]` by index u32 `[…]`. */
export function embedding(table: Tensor, index: Tensor): Tensor {
  return apply("embedding", { table, index }, {});
}

/** `silu(gate) · up`. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return apply("swiglu", { gate, up }, {});
}

/** Turns the q and k of qkv `[…,3·D]` by the rows of table that position `[…]` picks. */
export function rope(
  qkv: Tensor,
  { table, position, heads }: { table: Tensor; position: Tensor; heads: number },
): Tensor {
  return apply("rope", { qkv, table, position }, { heads });
}

/** Causal attention: qkv `[B,P,3·D]` → `[B,P,D]`. */
export function attention(qkv: Tensor, { heads }: { heads: number }): Tensor {
  return apply("attention", { qkv }, { heads });
}

/** One position of causal attention, whose k and v join the cache: qkv `[R,3·D]` → `[R,D]`. */
export function attentionStep(
  qkv: Tensor,
  { cache, position, heads }: { cache: Tensor; position: Tensor; heads: number },
): Tensor {
  const halves = cache.op === "state" && cache.attrs.halves === true;
  return apply("attention_step", { qkv, cache, position }, { heads, halves });
}

/** Four random words for each key `[N,2]` and counter `[N,4]`. */
export function philox(key: Tensor, counter: Tensor): Tensor {
  return apply("philox", { key, counter }, {});
}

/** `uncond + scale·(cond − uncond)` of the two halves of logits `[2·N,V]`. */
export function guide(logits: Tensor, scale: Tensor): Tensor {
  return apply("guide", { logits, scale }, {});
}

/** Samples a word from each row of logits `[N,V]`; see the op. */
export function sample(
  logits: Tensor,
  { word, repeat, ...inputs }: {
    temperature: Tensor;
    topK: Tensor;
    topP: Tensor;
    random: Tensor;
    word: number;
    repeat: number;
  },
): Tensor {
  return apply("sample", { logits, ...inputs }, { word, repeat });
}
