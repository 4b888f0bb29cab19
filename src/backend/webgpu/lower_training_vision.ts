import { flopOf } from "../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Command, type Operand, type Scratch, workgroupSize } from "./commands.ts";
import { reduced, type TrainingLowering } from "./lower.ts";
import { channelAffine, product } from "./lower_matrix.ts";
import { eachElement, trainingCommand } from "./training_commands.ts";

type VisionOp =
  | "conv2d_input_grad"
  | "conv2d_weight_grad"
  | "channel_sums"
  | "group_norm_grad"
  | "max_pool"
  | "max_pool_grad";

/** Results of a workgroup of `conv2d_weight_grad` along either side, as in the kernel. */
const block = 32;
/** Positions that one thread of it adds at least, and workgroups that keep a GPU busy. */
const fewestPositions = 64, manyWorkgroups = 256;
/** Blocks of positions that sums by channel are cut into, at most, and positions of one at least. */
const maxBlocks = 256, minBlock = 16;

/** How the training ops of images become commands. */
export const visionTraining: Pick<TrainingLowering, VisionOp> = {
  // The convolution of dy, spread by the stride, by the weight turned around.
  conv2d_input_grad: (tensor, target) => {
    const { inputs: { dy, weight }, attrs: { stride, padding, height, width } } = tensor;
    const [n, h, w, outputs] = dy.shape as [number, number, number, number];
    const kernel = squareKernel("conv2d_input_grad", weight.shape.slice(2));
    const turned = packed(weight, { turned: true }), commands = [turned.command];
    // As large as gives the image's size: rows that the stride left over are zeros, too.
    const [spreadH, spreadW] = [height, width].map((length) => length + 2 * padding - kernel + 1) as [
      number,
      number,
    ];
    let source: Operand = dy;
    if (spreadH !== h || spreadW !== w) {
      source = { scratch: "spread", bytes: 4 * n * spreadH * spreadW * outputs };
      const size = n * spreadH * spreadW * outputs;
      commands.push(eachElement("dilate", {
        size,
        constants: { H: h, W: w, C: outputs, OH: spreadH, OW: spreadW, STRIDE: stride },
        bindings: { x: dy, out: source },
        flop: size,
      }));
    }
    const channels = tensor.shape[3]!;
    commands.push(product({
      ...{ n, h: spreadH, w: spreadW, channels: outputs, outH: height, outW: width, outputs: channels },
      ...{ kernel, stride: 1, padding: kernel - 1 - padding },
      operands: { x: source, weight: turned.matrix, out: tensor as Tensor },
    }, target));
    return commands;
  },
  conv2d_weight_grad: (tensor) => {
    const { inputs: { x, dy, affine }, attrs: { stride, padding, kernel: sides, swish } } = tensor;
    const kernel = squareKernel("conv2d_weight_grad", sides), taps = kernel * kernel;
    const [, h, w, channels] = x.shape as [number, number, number, number];
    const [n, outH, outW, outputs] = dy.shape as [number, number, number, number];
    const m = n * outH * outW, size = sizeOf(tensor.shape);
    const tiles = taps * Math.ceil(outputs / block) * Math.ceil(channels / block);
    const wanted = Math.min(Math.ceil(manyWorkgroups / tiles), Math.ceil(m / fewestPositions));
    const chunk = Math.max(1, Math.ceil(m / Math.max(1, wanted)));
    const parts = Math.max(1, Math.ceil(m / chunk));
    const sums: Operand = parts > 1 ? { scratch: "parts", bytes: 4 * parts * size } : tensor as Tensor;
    // What the convolution read, computed again.
    const activated: Operand = affine ? { scratch: "activated", bytes: 4 * sizeOf(x.shape) } : x;
    const activation = { shape: x.shape, swish: Boolean(swish) };
    return [
      ...affine && n > 0 ? [channelAffine({ x, affine, out: activated }, activation)] : [],
      trainingCommand("conv2d_weight_grad", {
        constants: {
          ...{ H: h, W: w, C: channels, OH: outH, OW: outW, O: outputs, M: m, KERNEL: kernel, TAPS: taps },
          ...{ STRIDE: stride, PADDING: padding, PARTS: parts, CHUNK: chunk },
        },
        bindings: { x: activated, dy, out: sums },
        workgroups: [Math.ceil(channels / block), Math.ceil(outputs / block), taps * parts],
        flop: flopOf(tensor as Tensor),
      }),
      ...parts > 1
        ? [reduced({ x: sums, out: tensor as Tensor, size, count: parts, inner: size, sum: true })]
        : [],
    ];
  },
  channel_sums: (tensor) => {
    const { x, dy, affine, activation } = tensor.inputs, through = throughActivation({ x, dy, activation });
    const [n, h, w, channels] = x.shape as [number, number, number, number], positions = h * w;
    const each = Math.max(minBlock, Math.ceil(positions / maxBlocks)), blocks = Math.ceil(positions / each);
    const sums: Scratch = { scratch: "sums", bytes: 8 * n * blocks * channels };
    return [
      ...through.commands,
      trainingCommand("channel_sums", {
        constants: {
          ...{ WORKGROUP: workgroupSize, POSITIONS: positions, C: channels, BLOCK: each, BLOCKS: blocks },
        },
        bindings: { x, dy: through.dy, affine, out: sums },
        workgroups: [Math.ceil(channels / workgroupSize), blocks, n],
        flop: flopOf(tensor as Tensor),
      }),
      reduced({
        ...{ x: sums, out: tensor as Tensor, size: 2 * n * channels },
        ...{ count: blocks, inner: 2 * channels, sum: true },
      }),
    ];
  },
  group_norm_grad: (tensor) => {
    const { inputs: { x, dy, affine, sums, weight, activation }, attrs: { groups } } = tensor;
    const [n, h, w, channels] = x.shape as [number, number, number, number], width = channels / groups;
    const through = throughActivation({ x, dy, activation });
    const means: Scratch = { scratch: "means", bytes: 8 * n * channels };
    const each = weight.shape.length === 2;
    return [
      ...through.commands,
      eachElement("group_means", {
        size: 2 * n * channels,
        constants: { C: channels, WIDTH: width, COUNT: h * w * width, EACH: each },
        bindings: { sums, weight, out: means },
        flop: 2 * n * channels * width,
      }),
      eachElement("group_norm_grad", {
        size: sizeOf(tensor.shape),
        constants: { C: channels, POSITIONS: h * w, EACH: each },
        bindings: { x, dy: through.dy, affine, means, weight, out: tensor as Tensor },
        flop: flopOf(tensor as Tensor),
      }),
    ];
  },
  max_pool: (tensor) => pooling(tensor),
  max_pool_grad: (tensor) => pooling(tensor, tensor.inputs.dy),
};

/**
 * A weight `[O,C]` or `[O,C,K,K]` as the matrix that products read, `[O,taps,C]` with channels filled up to whole fours;
 * `turned` as that of the opposite direction, `[C,taps,O]`, the last tap first.
 */
export function packed(
  weight: Tensor,
  { turned = false }: { turned?: boolean } = {},
): { matrix: Scratch; command: Command } {
  const [outputs, channels] = weight.shape as [number, number], taps = sizeOf(weight.shape.slice(2));
  const [rows, columns] = turned ? [channels, outputs] : [outputs, channels];
  const fours = Math.ceil(columns / 4), size = rows * taps * 4 * fours;
  const matrix: Scratch = { scratch: "matrix", bytes: 4 * size };
  return {
    matrix,
    command: eachElement("pack_matrix", {
      size,
      constants: { ROWS: rows, COLUMNS: columns, C4: fours, TAPS: taps, FLIP: turned },
      bindings: { weight, out: matrix },
      flop: size,
    }),
  };
}

/** dy as it is, or taken through the swish of x·a + b, activation `[N,2,C]` = (a, b), by a command. */
function throughActivation(
  { x, dy, activation }: { x: Tensor; dy: Tensor; activation?: Tensor },
): { dy: Operand; commands: readonly Command[] } {
  if (!activation) return { dy, commands: [] };
  const slopes: Scratch = { scratch: "slopes", bytes: 4 * sizeOf(x.shape) };
  const command = eachElement("activation_grad", {
    size: sizeOf(x.shape),
    constants: { C: x.shape[3]!, POSITIONS: x.shape[1]! * x.shape[2]! },
    bindings: { x, dy, affine: activation, out: slopes },
    flop: 10 * sizeOf(x.shape),
  });
  return { dy: slopes, commands: [command] };
}

function pooling(tensor: TensorOf<"max_pool" | "max_pool_grad">, dy?: Tensor): Command[] {
  const { x } = tensor.inputs, [, h, w, channels] = x.shape as [number, number, number, number];
  return [eachElement("max_pool", {
    size: sizeOf(tensor.shape),
    constants: { H: h, W: w, C: channels, GRADIENT: Boolean(dy) },
    bindings: { x, dy, out: tensor as Tensor },
    flop: sizeOf(tensor.shape),
  })];
}

function squareKernel(op: string, sides: readonly number[]): number {
  if (sides[0] === sides[1]) return sides[0]!;
  throw new BackendError(`Cannot lower ${op}`, { expected: "a square kernel", got: sides.join("×") });
}
