import { sizeOf } from "../tensor/shape.ts";
import { trainingFlop } from "./flop_training.ts";
import { inputsOf, type OpName, type Tensor, type TensorOf } from "./ops.ts";

/** Floating-point operations of each op: a multiply and an add are two, a root, quotient or exponential is one. */
const rules: { [O in OpName]: (tensor: TensorOf<O>) => number } = {
  input: () => 0,
  param: () => 0,
  constant: () => 0,
  state: () => 0,

  add: elements,
  sub: elements,
  mul: elements,
  sqrt: elements,
  silu: (tensor) => swishFlop * elements(tensor),

  mean: ({ inputs: { x } }) => elements(x),
  reshape: () => 0,

  slice: () => 0,
  concat: () => 0,
  select: () => 0,
  linear: (tensor) => {
    const { x, weight, bias, norm, up, residual } = tensor.inputs;
    const products = 2 * weight.shape[1]! * elements(tensor) * (up ? 2 : 1);
    const epilogue = (bias ? 1 : 0) + (up ? swishFlop + 1 : 0) + (residual ? 1 : 0);
    return products + (norm ? rmsFlop * elements(x) : 0) + epilogue * elements(tensor);
  },
  conv2d: (tensor) => {
    const { x, weight, affine, residual } = tensor.inputs;
    const prologue = elements(x) * ((affine ? 2 : 0) + (tensor.attrs.swish ? swishFlop : 0));
    const product = 2 * sizeOf(weight.shape.slice(1)) * elements(tensor);
    return prologue + product + (residual ? elements(tensor) : 0);
  },
  group_norm: (tensor) => statisticsFlop * elements(tensor) + 2 * elements(tensor),
  group_norm_affine: ({ inputs: { x } }) => statisticsFlop * elements(x),
  channel_affine: (tensor) => (2 + (tensor.attrs.swish ? swishFlop : 0)) * elements(tensor),
  depth_to_space: () => 0,

  lfq_pack: () => 0,
  lfq_unpack: () => 0,

  rms_norm: (tensor) => rmsFlop * elements(tensor),
  embedding: () => 0,
  swiglu: (tensor) => (swishFlop + 1) * elements(tensor),
  // Four products and two sums for a pair, of q and k.
  rope: (tensor) => 2 * elements(tensor),
  attention: (tensor) => {
    const [, positions, width] = tensor.shape as [number, number, number];
    return attendFlop(elements(tensor), { width, heads: tensor.attrs.heads, positions: (positions + 1) / 2 });
  },
  // As many positions as the cache holds: how many of them are valid depends on the run.
  attention_step: (tensor) =>
    attendFlop(elements(tensor), {
      width: tensor.shape[1]!,
      heads: tensor.attrs.heads,
      positions: tensor.inputs.cache.shape[3]!,
    }),

  philox: () => 0,
  guide: (tensor) => 3 * elements(tensor),
  sample: ({ inputs: { logits } }) => 2 * elements(logits),

  ...trainingFlop,
};

/** x / (1 + exp(−x)); and for a mean and a variance: a sum, a product, another sum. */
const swishFlop = 4, statisticsFlop = 3;
/** x / √(mean x² + eps)·w: a product and a sum, then two products. */
const rmsFlop = 4;

/** Scores and weighted values of `outputs` elements in rows of `width`; an exponential by score. */
function attendFlop(
  outputs: number,
  { width, heads, positions }: { width: number; heads: number; positions: number },
): number {
  return 4 * outputs * positions + 3 * outputs / width * heads * positions;
}

/** Floating-point operations of the op that makes `tensor`. */
export function flopOf(tensor: Tensor): number {
  return (rules[tensor.op] as (tensor: Tensor) => number)(tensor);
}

/** Bytes that the op reads and writes, each tensor once. */
export function bytesMoved(tensor: Tensor): number {
  const moves = !["input", "param", "constant", "state", "reshape", "straight_through"].includes(tensor.op);
  return moves ? 4 * [tensor, ...inputsOf(tensor)].reduce((sum, { shape }) => sum + sizeOf(shape), 0) : 0;
}

function elements({ shape }: { readonly shape: readonly number[] }): number {
  return sizeOf(shape);
}
