import { Opcode } from "../../../wasm/opcodes.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { type Command, floatArgument } from "./commands.ts";
import { inputGradCommands, inputGradScratch } from "./conv_grad.ts";
import { weightGradCommands, weightGradScratch } from "./conv_weight_grad.ts";
import { type Addresses, binary, type TrainingKernels } from "./lower.ts";
import { attentionExtent, channelExtent, meanExtent } from "./extents.ts";
import { sequenceLowering } from "./lower_sequence.ts";
import { type Product, productBytes, productCommands } from "./product.ts";

/** Elements and channels of one item of the kernels. */
const elementBlock = 4096, channelBlock = 16;
/** Elements of one item of a sum of squares; rows of RMSNorm's gradients, by x and by weight. */
const squareBlock = 16384, normRows = 16, summedRows = 128;
/** Into how many items the rows of a table are cut. */
const tableItems = 64;

/** What `wasm/map.ts` computes. */
enum MapKind {
  Exp,
  Log,
  Sigmoid,
  Softplus,
  Abs,
  Sign,
  LeakyRelu,
  Clamp,
  Between,
}

type MapOp = "exp" | "log" | "sigmoid" | "softplus" | "abs" | "sign" | "leaky_relu" | "clamp" | "between";

/** How the ops of training become commands. */
export const trainingLowering: TrainingKernels["lowering"] = {
  div: (tensor, at) => binary(Opcode.Div, tensor, at),
  sum: (tensor, at) => {
    const { outer, count, inner } = meanExtent("sum", tensor.inputs.x.shape, tensor.attrs.axes);
    return [sumCommand({ from: at.of(tensor.inputs.x), out: at.of(tensor as Tensor), outer, count, inner })];
  },
  square_sum: (tensor, at) => {
    const size = sizeOf(tensor.inputs.x.shape), items = Math.ceil(size / squareBlock);
    return [
      { opcode: Opcode.SquareSum, items, args: [at.of(tensor.inputs.x), at.scratch, size] },
      sumCommand({ from: at.scratch, out: at.of(tensor as Tensor), outer: 1, count: items, inner: 1 }),
    ];
  },
  broadcast_to: (tensor, at) => {
    const { x } = tensor.inputs, own = stridesOf(x.shape), missing = tensor.shape.length - x.shape.length;
    const strides = tensor.shape.map((_, axis) =>
      axis < missing || x.shape[axis - missing] === 1 ? 0 : own[axis - missing]!
    );
    return strided(tensor, strides, at);
  },
  permute: (tensor, at) => {
    const own = stridesOf(tensor.inputs.x.shape);
    return strided(tensor, tensor.attrs.order.map((axis) => own[axis]!), at);
  },
  exp: (tensor, at) => mapped(tensor, { kind: MapKind.Exp, at }),
  log: (tensor, at) => mapped(tensor, { kind: MapKind.Log, at }),
  sigmoid: (tensor, at) => mapped(tensor, { kind: MapKind.Sigmoid, at }),
  softplus: (tensor, at) => mapped(tensor, { kind: MapKind.Softplus, at }),
  abs: (tensor, at) => mapped(tensor, { kind: MapKind.Abs, at }),
  sign: (tensor, at) => mapped(tensor, { kind: MapKind.Sign, at }),
  leaky_relu: (tensor, at) => mapped(tensor, { kind: MapKind.LeakyRelu, at, p: tensor.attrs.slope }),
  clamp: (tensor, at) =>
    mapped(tensor, { kind: MapKind.Clamp, at, p: tensor.attrs.low, q: tensor.attrs.high }),
  between: (tensor, at) =>
    mapped(tensor, { kind: MapKind.Between, at, p: tensor.attrs.low, q: tensor.attrs.high }),
  linear: (tensor, at) => {
    const product = plainLinear(tensor, at.packed);
    if (!product) return sequenceLowering.linear(tensor, at);
    const { x, weight, residual } = tensor.inputs, { k } = product;
    return productCommands(product, {
      a: { from: at.of(x), step: k, stepK: 1 },
      b: { from: at.of(weight), step: k, stepK: 1 },
      out: at.of(tensor as Tensor),
      residual: at.of(residual),
      scratch: at.scratch,
    });
  },
  matmul: (tensor, at) => {
    const { inputs: { a, b }, attrs: { transposeA, transposeB } } = tensor;
    const product = matmulProduct(tensor), { m, k, n } = product;
    return productCommands(product, {
      a: { from: at.of(a), ...transposeA ? { step: 1, stepK: m } : { step: k, stepK: 1 } },
      b: { from: at.of(b), ...transposeB ? { step: k, stepK: 1 } : { step: 1, stepK: n } },
      out: at.of(tensor as Tensor),
      scratch: at.scratch,
    });
  },
  dropout: (tensor, at) => {
    const { inputs: { x, random }, attrs: { rate, site } } = tensor, size = sizeOf(tensor.shape);
    const pointers = [at.of(x), at.of(random), at.of(tensor as Tensor)];
    const args = [...pointers, size, Math.floor(rate * 2 ** 32) | 0, floatArgument(1 / (1 - rate)), site | 0];
    return [{ opcode: Opcode.Dropout, items: Math.ceil(size / elementBlock), args }];
  },

  swiglu_grad: (tensor, at) => {
    const { gate, up, dy } = tensor.inputs, size = sizeOf(tensor.shape);
    const args = [at.of(gate), at.of(up), at.of(dy), at.of(tensor as Tensor), size];
    return [{ opcode: Opcode.SwigluGrad, items: Math.ceil(size / elementBlock), args }];
  },
  rms_norm_grad: (tensor, at) => {
    const { x, weight, dy } = tensor.inputs, width = weight.shape[0]!, count = sizeOf(x.shape) / width;
    const pointers = [x, weight, dy, tensor as Tensor].map((read) => at.of(read));
    return [{
      opcode: Opcode.RmsNormGrad,
      items: Math.ceil(count / normRows),
      args: [...pointers, count, width, floatArgument(tensor.attrs.eps)],
    }];
  },
  rms_norm_weight_grad: (tensor, at) => {
    const { x, dy } = tensor.inputs, width = tensor.shape[0]!, count = sizeOf(x.shape) / width;
    const items = Math.ceil(count / summedRows);
    const args = [at.of(x), at.of(dy), at.scratch, count, width, floatArgument(tensor.attrs.eps)];
    return [
      { opcode: Opcode.RmsNormWeightGrad, items, args },
      sumCommand({ from: at.scratch, out: at.of(tensor as Tensor), outer: 1, count: items, inner: width }),
    ];
  },
  silu_grad: (tensor, at) => gradient(tensor, { opcode: Opcode.SiluGrad, slope: 0, at }),
  leaky_relu_grad: (tensor, at) =>
    gradient(tensor, { opcode: Opcode.LeakyReluGrad, slope: tensor.attrs.slope, at }),
  conv2d_input_grad: inputGradCommands,
  conv2d_weight_grad: weightGradCommands,
  channel_sums: (tensor, at) => {
    const { x, dy, affine, activation } = tensor.inputs, { n, positions, channels } = channelExtent(x.shape);
    const pointers = [x, dy, affine, activation, tensor as Tensor].map((read) => at.of(read));
    const args = [...pointers, positions, channels];
    return [{ opcode: Opcode.ChannelSums, items: n * Math.ceil(channels / channelBlock), args }];
  },
  group_norm_grad: (tensor, at) => {
    const { x, dy, affine, sums, weight, activation } = tensor.inputs;
    const { n, positions, channels, blocks } = channelExtent(x.shape);
    const pointers = [x, dy, affine, sums, weight, activation, tensor as Tensor].map((read) => at.of(read));
    const stride = weight.shape.length === 2 ? channels : 0;
    return [{
      opcode: Opcode.GroupNormGrad,
      items: n * blocks,
      args: [...pointers, positions, channels, blocks, tensor.attrs.groups, stride],
      scratchBytes: 12 * channels,
    }];
  },
  embedding_grad: (tensor, at) => {
    const { inputs: { index, dy }, attrs: { words } } = tensor, each = Math.ceil(words / tableItems);
    const args = [at.of(index), at.of(dy), at.of(tensor as Tensor), sizeOf(index.shape), tensor.shape[1]!];
    return [{ opcode: Opcode.EmbeddingGrad, items: Math.ceil(words / each), args: [...args, words, each] }];
  },
  attention_grad: (tensor, at) => {
    const { inputs: { qkv, dy }, attrs: { heads } } = tensor;
    const [sequences, positions, width] = dy.shape as [number, number, number], head = width / heads;
    if (head % 4 !== 0) {
      throw new BackendError("Cannot lower attention_grad", {
        expected: "heads of a multiple of 4",
        got: `${head}`,
      });
    }
    const { items, gradScratchBytes } = attentionExtent({ sequences, positions, heads, head });
    return [{
      opcode: Opcode.AttentionGrad,
      items,
      args: [at.of(qkv), at.of(dy), at.of(tensor as Tensor), heads, head, positions],
      scratchBytes: gradScratchBytes,
      flop: 5 * sequences * positions * (positions + 1) * width,
    }];
  },
  cross_entropy: (tensor, at) => {
    const { logits, target } = tensor.inputs, [count, words] = logits.shape as [number, number];
    const pointers = [logits, target, tensor as Tensor].map((read) => at.of(read)), each = rowsAtOnce(words);
    return [{
      opcode: Opcode.CrossEntropy,
      items: Math.ceil(count / each),
      args: [...pointers, count, words, each],
    }];
  },
  cross_entropy_grad: (tensor, at) => {
    const { logits, target, loss, dy } = tensor.inputs, [count, words] = logits.shape as [number, number];
    const pointers = [logits, target, loss, dy, tensor as Tensor].map((read) => at.of(read));
    const each = rowsAtOnce(words);
    return [{
      opcode: Opcode.CrossEntropyGrad,
      items: Math.ceil(count / each),
      args: [...pointers, count, words, each],
    }];
  },
  max_pool: (tensor, at) => {
    const [n, h, w, channels] = tensor.inputs.x.shape as [number, number, number, number];
    const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), h, w, channels];
    return [{ opcode: Opcode.MaxPool, items: n * (h >> 1), args }];
  },
  max_pool_grad: (tensor, at) => {
    const { x, dy } = tensor.inputs, [n, h, w, channels] = x.shape as [number, number, number, number];
    const args = [at.of(x), at.of(dy), at.of(tensor as Tensor), h, w, channels];
    return [{ opcode: Opcode.MaxPoolGrad, items: n * ((h + 1) >> 1), args }];
  },

  assign: (tensor, at) => {
    const { state, value, when } = tensor.inputs, size = sizeOf(state.shape);
    const args = [at.of(value), at.of(state), at.of(when), size];
    return [{ opcode: Opcode.Assign, items: Math.ceil(size / elementBlock), args }];
  },
  adam: (tensor, at) => {
    const { inputs, attrs: { beta1, beta2, eps, decay, averageDecay }, shape } = tensor;
    const { parameter, m, v, average, gradient, step, scale, when } = inputs;
    const constants = [beta1, 1 - beta1, beta2, 1 - beta2, eps, decay, 1 - averageDecay];
    const pointers = [parameter, m, v, average, gradient, step, scale].map((operand) => at.of(operand));
    return [{
      opcode: Opcode.Adam,
      items: Math.ceil(sizeOf(shape) / elementBlock),
      args: [...pointers, sizeOf(shape), ...constants.map(floatArgument), at.of(when)],
    }];
  },
};

/** Bytes of the buffer that an op's commands share; undefined where its commands are those of inference. */
export function trainingScratch(tensor: Tensor, packed: (weight: Tensor) => boolean): number | undefined {
  switch (tensor.op) {
    case "linear": {
      const product = plainLinear(tensor, packed);
      return product && productBytes(product);
    }
    case "matmul":
      return productBytes(matmulProduct(tensor));
    case "square_sum":
      return 4 * Math.ceil(sizeOf(tensor.inputs.x.shape) / squareBlock);
    case "rms_norm_weight_grad":
      return 4 * tensor.shape[0]! * Math.ceil(sizeOf(tensor.inputs.x.shape) / tensor.shape[0]! / summedRows);
    case "conv2d_input_grad":
      return inputGradScratch(tensor);
    case "conv2d_weight_grad":
      return weightGradScratch(tensor);
  }
}

/** A product with a weight that lies as it is; undefined where the kernel for few rows, or for fused forms, is better. */
function plainLinear(
  { inputs: { x, weight, bias, norm, up } }: TensorOf<"linear">,
  packed: (weight: Tensor) => boolean,
): Product | undefined {
  const [n, k] = weight.shape as [number, number], m = sizeOf(x.shape) / k;
  return packed(weight) || bias || norm || up || m < 24 ? undefined : { batch: 1, m, k, n };
}

function matmulProduct({ inputs: { a }, attrs: { transposeA }, shape }: TensorOf<"matmul">): Product {
  const [batch, m, n] = shape as [number, number, number];
  return { batch, m, k: a.shape[transposeA ? 1 : 2]!, n };
}

function sumCommand(
  { from, out, outer, count, inner }: {
    from: number;
    out: number;
    outer: number;
    count: number;
    inner: number;
  },
): Command {
  const blocks = Math.ceil(inner / 16);
  return { opcode: Opcode.Sum, items: outer * blocks, args: [from, out, count, inner, blocks] };
}

/** Rows of `words` logits of one item: as many as make an item worth taking. */
function rowsAtOnce(words: number): number {
  return Math.max(1, Math.floor(elementBlock / words));
}

function mapped(
  tensor: TensorOf<MapOp>,
  { kind, at, p = 0, q = 0 }: { kind: MapKind; at: Addresses; p?: number; q?: number },
): Command[] {
  const size = sizeOf(tensor.shape);
  const args = [
    at.of(tensor.inputs.x),
    at.of(tensor as Tensor),
    size,
    kind,
    floatArgument(p),
    floatArgument(q),
  ];
  return [{ opcode: Opcode.Map, items: Math.ceil(size / elementBlock), args }];
}

function gradient(
  tensor: TensorOf<"silu_grad" | "leaky_relu_grad">,
  { opcode, slope, at }: { opcode: Opcode; slope: number; at: Addresses },
): Command[] {
  const { x, dy } = tensor.inputs, size = sizeOf(tensor.shape);
  const args = [at.of(x), at.of(dy), at.of(tensor as Tensor), size, floatArgument(slope)];
  return [{ opcode, items: Math.ceil(size / elementBlock), args }];
}

/** A copy of x whose axes step by `strides`; neighbouring axes that step as one become one. */
function strided(
  tensor: TensorOf<"broadcast_to" | "permute">,
  strides: readonly number[],
  at: Addresses,
): Command[] {
  const axes: { length: number; stride: number }[] = [];
  tensor.shape.forEach((length, axis) => {
    const stride = strides[axis]!, last = axes.at(-1);
    if (length === 1) return;
    if (last?.stride === stride * length) axes.splice(-1, 1, { length: last.length * length, stride });
    else axes.push({ length, stride });
  });
  if (axes.length > 4) {
    throw new BackendError(`Cannot lower ${tensor.op}`, {
      expected: "at most 4 axes",
      got: `${axes.length}`,
    });
  }
  while (axes.length < 4) axes.unshift({ length: 1, stride: 0 });
  const lengths: Shape = axes.map(({ length }) => length);
  const args = [
    at.of(tensor.inputs.x),
    at.of(tensor as Tensor),
    ...lengths,
    ...axes.map(({ stride }) => stride),
  ];
  return [{ opcode: Opcode.Strided, items: sizeOf(lengths.slice(0, 3)), args }];
}
