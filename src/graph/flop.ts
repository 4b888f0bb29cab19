import { sizeOf } from "../tensor/shape.ts";
import { inputsOf, type OpName, type Tensor, type TensorOf } from "./ops.ts";

/** Floating-point operations of each op: a multiply and an add are two, a root, quotient or exponential is one. */
const rules: { [O in OpName]: (tensor: TensorOf<O>) => number } = {
  input: () => 0,
  param: () => 0,
  constant: () => 0,

  add: elements,
  sub: elements,
  mul: elements,
  sqrt: elements,
  silu: (tensor) => swishFlop * elements(tensor),

  mean: ({ inputs: { x } }) => elements(x),
  reshape: () => 0,

  linear: (tensor) => 2 * tensor.inputs.weight.shape[1]! * elements(tensor),
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
};

/** x / (1 + exp(−x)); and for a mean and a variance: a sum, a product, another sum. */
const swishFlop = 4, statisticsFlop = 3;

/** Floating-point operations of the op that makes `tensor`. */
export function flopOf(tensor: Tensor): number {
  return (rules[tensor.op] as (tensor: Tensor) => number)(tensor);
}

/** Bytes that the op reads and writes, each tensor once. */
export function bytesMoved(tensor: Tensor): number {
  const moves = !["input", "param", "constant", "reshape"].includes(tensor.op);
  return moves ? 4 * [tensor, ...inputsOf(tensor)].reduce((sum, { shape }) => sum + sizeOf(shape), 0) : 0;
}

function elements({ shape }: { readonly shape: readonly number[] }): number {
  return sizeOf(shape);
}
