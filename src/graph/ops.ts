import type { GraphDType, HostTensor } from "../tensor/tensor.ts";
import type { Shape } from "../tensor/shape.ts";
import type { TrainingOpTable } from "./training_ops.ts";

export type { TrainingOp } from "./training_ops.ts";

/**
 * Every op, with its named inputs and attributes.
 *
 * Letters: N images, H rows, W columns, C channels, O output channels, K kernel size, G groups. Images and
 * feature maps are channels-last, `[N,H,W,C]`; weights have the shape that checkpoints store. In sequences: B
 * sequences, P positions, D width, h heads of D/h elements, V words; R rows, each one position of a sequence.
 *
 * The tables keyed by `OpName` (shape rules here, reference computation and lowering in the backends) are
 * complete by type: a new op does not compile until each has its rule.
 */
export interface OpTable extends TrainingOpTable {
  /** A tensor given at each run. */
  input: { inputs: NoInputs; attrs: { name: string; shape: Shape; dtype: GraphDType } };
  /** A weight, by its name in the checkpoint. */
  param: { inputs: NoInputs; attrs: { name: string; shape: Shape } };
  /** A value known when the graph is built. */
  constant: { inputs: NoInputs; attrs: { value: HostTensor } };
  /**
   * Memory of a program that outlives its runs: zeros when compiled. An op that writes one says so; of two ops on the
   * same state, one must depend on the other's result, which is then their order. With `halves` its f32 elements are
   * rounded to f16 when they are written.
   */
  state: { inputs: NoInputs; attrs: { name: string; shape: Shape; dtype: GraphDType; halves?: boolean } };

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
  /** `length` entries of `axis`, from `start`. */
  slice: { inputs: { x: Tensor }; attrs: { axis: number; start: number; length: number } };
  /** `a`, then `b`, along `axis`. */
  concat: { inputs: { a: Tensor; b: Tensor }; attrs: { axis: number } };
  /** By row: `a` where condition u32 `[R]` is not 0, else `b`; both `[R,…]`. */
  select: { inputs: { condition: Tensor; a: Tensor; b: Tensor }; attrs: NoAttrs };

  /**
   * `x · weightᵀ + bias`: x `[…,C]`, weight `[O,C]`, bias `[O]` → `[…,O]`.
   *
   * After fusion: `norm` `[C]` is the weight of an `rms_norm` with `eps` that acts on x first, `up` `[O,C]` the weight
   * of a second product for `swiglu(x · weightᵀ, x · upᵀ)`, `residual` (of the result's shape) is added last.
   */
  linear: {
    inputs: { x: Tensor; weight: Tensor; bias?: Tensor; norm?: Tensor; up?: Tensor; residual?: Tensor };
    attrs: { eps?: number };
  };
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

  /** `x / sqrt(mean(x²) + eps) · weight` over the last axis, weight `[D]`. */
  rms_norm: { inputs: { x: Tensor; weight: Tensor }; attrs: { eps: number } };
  /** Rows of table `[V,D]` by index u32 `[…]` → `[…,D]`. An index beyond the table reads its last row. */
  embedding: { inputs: { table: Tensor; index: Tensor }; attrs: NoAttrs };
  /** `silu(gate) · up`. */
  swiglu: { inputs: { gate: Tensor; up: Tensor }; attrs: NoAttrs };
  /**
   * Turns queries and keys: qkv `[…,3·D]` holds q, k and v of h heads each, position u32 `[…]` picks a row of table
   * `[rows,D/h]`, whose elements 2i and 2i+1 are cosine and sine for the adjacent pair (2i, 2i+1) of every head of q
   * and k. v stays. A row of zeros makes q and k zero.
   */
  rope: { inputs: { qkv: Tensor; table: Tensor; position: Tensor }; attrs: { heads: number } };
  /** Causal attention by head, `softmax(q·kᵀ / sqrt(D/h)) · v`: qkv `[B,P,3·D]` → `[B,P,D]`. */
  attention: { inputs: { qkv: Tensor }; attrs: { heads: number } };
  /**
   * One position of causal attention: writes k and v of qkv `[R,3·D]` into cache (a state) `[R,2,h,P,D/h]` at
   * position u32 `[R]`, then lets q attend over positions 0 to there → `[R,D]`. `halves` as the state says.
   *
   * After fusion: `table` turns q and k first, as `rope` does.
   */
  attention_step: {
    inputs: { qkv: Tensor; cache: Tensor; position: Tensor; table?: Tensor };
    attrs: { heads: number; halves: boolean };
  };

  /** Philox4x32-10: four random words u32 `[N,4]` for key u32 `[N,2]` and counter u32 `[N,4]`. */
  philox: { inputs: { key: Tensor; counter: Tensor }; attrs: NoAttrs };
  /**
   * Classifier-free guidance: of logits `[2·N,V]` the first half is conditioned, the second is not →
   * `uncond + scale·(cond − uncond)`, scale `[N]`.
   */
  guide: { inputs: { logits: Tensor; scale: Tensor }; attrs: NoAttrs };
  /**
   * Samples a word u32 `[repeat·N]` (the N words, `repeat` times over) from each row of logits `[N,V]`.
   *
   * y = logits/temperature; temperature 0 takes the largest. topK u32 (0: all) keeps those ≥ the k-th largest, topP then
   * drops, in descending order, those before which the kept ones' probability sums to more than p. Word `word` of random
   * u32 `[N,4]` samples: with u = its upper 24 bits / 2²⁴ and weights exp(y − max), the first word is taken at which
   * their sum, in the order of the vocabulary, exceeds u·total. Weights and sums are f64; a tie goes to the lower index;
   * logits that are not numbers give 2³² − 1. Temperature, topK, topP: `[N]`.
   */
  sample: {
    inputs: { logits: Tensor; temperature: Tensor; topK: Tensor; topP: Tensor; random: Tensor };
    attrs: { word: number; repeat: number };
  };
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

/** The states that an op writes in place. */
export function writtenStates(tensor: Tensor): Tensor[] {
  if (tensor.op === "assign") return [tensor.inputs.state];
  if (tensor.op !== "adam") return [];
  const { parameter, m, v, average } = tensor.inputs;
  return [parameter, m, v, ...average ? [average] : []];
}

/** The tensor whose elements a view shows, or that an assignment writes to. */
export function viewed(tensor: Tensor): Tensor {
  const [written] = writtenStates(tensor);
  if (written) return written;
  if (tensor.op === "straight_through") return viewed(tensor.inputs.value);
  return tensor.op === "reshape" ? viewed(tensor.inputs.x) : tensor;
}
