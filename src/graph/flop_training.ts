import { sizeOf } from "../tensor/shape.ts";
import type { TensorOf, TrainingOp } from "./ops.ts";

/** Floating-point operations of the ops of training, counted as `flop.ts` says. */
export const trainingFlop: { [O in TrainingOp]: (tensor: TensorOf<O>) => number } = {
  sum: ({ inputs: { x } }) => sizeOf(x.shape),
  square_sum: ({ inputs: { x } }) => 2 * sizeOf(x.shape),
  broadcast_to: () => 0,
  permute: () => 0,
  div: elements,
  exp: elements,
  log: elements,
  sigmoid: (tensor) => 3 * elements(tensor),
  softplus: (tensor) => 4 * elements(tensor),
  abs: () => 0,
  sign: () => 0,
  leaky_relu: elements,
  clamp: () => 0,
  between: () => 0,
  straight_through: () => 0,
  matmul: (tensor) => {
    const { inputs: { a }, attrs: { transposeA } } = tensor;
    return 2 * a.shape[transposeA ? 1 : 2]! * elements(tensor);
  },
  dropout: elements,

  // A sigmoid, then three products, a sum and a difference.
  silu_grad: (tensor) => 8 * elements(tensor),
  swiglu_grad: (tensor) => 9 * elements(tensor),
  rms_norm_grad: (tensor) => 8 * elements(tensor),
  rms_norm_weight_grad: ({ inputs: { x } }) => 5 * sizeOf(x.shape),
  leaky_relu_grad: elements,
  conv2d_input_grad: ({ inputs: { dy, weight } }) => 2 * sizeOf(dy.shape) * sizeOf(weight.shape.slice(1)),
  conv2d_weight_grad: ({ inputs: { dy }, shape }) => 2 * sizeOf(dy.shape) * sizeOf(shape.slice(1)),
  channel_sums: ({ inputs: { x, activation } }) => (activation ? 15 : 5) * sizeOf(x.shape),
  group_norm_grad: (tensor) => (tensor.inputs.activation ? 16 : 6) * elements(tensor),
  embedding_grad: ({ inputs: { dy } }) => sizeOf(dy.shape),
  // Five products of what attention has two of.
  attention_grad: ({ inputs: { qkv, dy }, attrs: { heads } }) => {
    const positions = (qkv.shape[1]! + 1) / 2;
    return 10 * sizeOf(dy.shape) * positions + 6 * sizeOf(dy.shape.slice(0, 2)) * heads * positions;
  },
  cross_entropy: ({ inputs: { logits } }) => 3 * sizeOf(logits.shape),
  cross_entropy_grad: (tensor) => 3 * elements(tensor),
  max_pool: () => 0,
  max_pool_grad: () => 0,

  assign: () => 0,
  adam: (tensor) => 13 * elements(tensor) + (tensor.inputs.average ? 3 * elements(tensor) : 0),
};

function elements({ shape }: { readonly shape: readonly number[] }): number {
  return sizeOf(shape);
}
