import type { GraphDType, HostTensor } from "../tensor/tensor.ts";
import type { Shape } from "../tensor/shape.ts";

/**
 * Every op, with its named inputs and attributes.
 *
 * Letters: N pictures, H rows, W columns, C channels, O output channels, K kernel size, G groups. Pictures and
 * feature maps are channels-last, `[N,H,W,C]`; weights have the shape that checkpoints store.
 *
 * The tables keyed by `OpName` (shape rules here, reference computation and lowering in the backends) are
 * complete by type: a new op does not compile until each has its rule.
 */
export interface OpTable {
  /** A tensor given at each run. */
  input: { inputs: NoInputs; attrs: { name: string; shape: Shape; dtype: GraphDType } };
  /** A weight, by its name in the checkpoint. */
  param: { inputs: NoInputs; attrs: { name: string; shape: Shape } };
  /** A value known when the graph is built. */
  constant: { inputs: NoInputs; attrs: { value: HostTensor } };

  /** Elementwise, with NumPy's broadcasting. */
  add: Binary;
  sub: Binary;
  mul: Binary;
  /** `sqrt(x)`. */
  sqrt: Unary;
  /** `x · sigmoid(x)`, also called swish. */
  silu: Unary;

  /** The mean over `axes`, which stay with length 1. */
  mean: { inputs: { x: Tensor }; attrs: { axes: readonly number[] } };
  /** The same elements under another shape. */
  reshape: { inputs: { x: Tensor }; attrs: { shape: Shape } };

  /** `x · weightᵀ + bias`: x `[…,C]`, weight `[O,C]`, bias `[O]` → `[…,O]`. */
  linear: { inputs: { x: Tensor; weight: Tensor; bias?: Tensor }; attrs: NoAttrs };
  /**
   * x `[N,H,W,C]`, weight `[O,C,K,K]`, bias `[O]` → `[N,H',W',O]`, zero padding on all four sides.
   *
   * After fusion: `affine` `[N,2,C]` and `swish` act on x before the padding, `residual` (of the result's shape) is
   * added, `depthToSpace` rearranges the result as the op of that name does.
   */
  conv2d: {
    inputs: { x: Tensor; weight: Tensor; bias?: Tensor; affine?: Tensor; residual?: Tensor };
    attrs: { stride: number; padding: number; swish?: boolean; depthToSpace?: boolean };
  };
  /** Groups of channels brought to mean 0 and variance 1 over positions; then scaled: weight, bias `[C]` or `[N,C]`. */
  group_norm: {
    inputs: { x: Tensor; weight: Tensor; bias: Tensor };
    attrs: { groups: number; eps: number };
  };
  /** What `group_norm` does to each channel, `x·a + b`, as `[N,2,C]` (a, then b). Made by fusion. */
  group_norm_affine: {
    inputs: { x: Tensor; weight: Tensor; bias: Tensor };
    attrs: { groups: number; eps: number };
  };
  /** `x·a + b` by channel, affine `[N,2,C]`; then swish where asked. Made by fusion. */
  channel_affine: { inputs: { x: Tensor; affine: Tensor }; attrs: { swish: boolean } };
  /** `[N,H,W,4·C]` → `[N,2·H,2·W,C]`: out[2h+a, 2w+b, c] = x[h, w, (2a+b)·C + c]. */
  depth_to_space: { inputs: { x: Tensor }; attrs: NoAttrs };

  /** Lookup-free quantization: `[…,bits]` → u32 `[…]`, bit j set where channel j is above zero. */
  lfq_pack: { inputs: { x: Tensor }; attrs: NoAttrs };
  /** u32 `[…]` → f32 `[…,bits]` of ±1. */
  lfq_unpack: { inputs: { x: Tensor }; attrs: { bits: number } };
}

type NoInputs = Readonly<Record<never, never>>;
type NoAttrs = Readonly<Record<never, never>>;
interface Unary {
  inputs: { x: Tensor };
  attrs: NoAttrs;
}
interface Binary {
  inputs: { a: Tensor; b: Tensor };
  attrs: NoAttrs;
}

/** The name of an op. */
export type OpName = keyof OpTable;
/** The named inputs of op `O`. */
export type Inputs<O extends OpName> = Readonly<OpTable[O]["inputs"]>;
/** The attributes of op `O`. */
export type Attrs<O extends OpName> = Readonly<OpTable[O]["attrs"]>;

/** Shape and element type of a tensor. */
export interface Spec {
  readonly shape: Shape;
  readonly dtype: GraphDType;
}

/** A handle on a value to be computed: the op that makes it, what that op reads, and what comes out. */
export interface TensorOf<O extends OpName> extends Spec {
  readonly op: O;
  readonly inputs: Inputs<O>;
  readonly attrs: Attrs<O>;
}

/** A handle made by any op. Narrow it by its `op`. */
export type Tensor = { [O in OpName]: TensorOf<O> }[OpName];

/** The tensors that `tensor`'s op reads, in the order of its declaration. */
export function inputsOf(tensor: Tensor): Tensor[] {
  return Object.values(tensor.inputs).filter((input) => input !== undefined);
}
