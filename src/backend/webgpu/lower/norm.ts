import { flopOf } from "../../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Command, folded, type Operand, type Scratch, workgroupSize } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import { eachElement } from "../each_element.ts";
import { reduced } from "./reduce.ts";

/**
 * Blocks of positions that sums over an image are cut into, at most, and positions of one at least. A GPU wants a hundred
 * thousand threads, 128 channels at 256² give it 1,024 · 128.
 */
const maxBlocks = 1024, minBlock = 16;
/** Threads that merge the blocks of a group. */
const mergingThreads = 256;
/** Rows that one thread of `rms_norm_weight_grad` adds. */
const rowsOfBlock = 64;

/** How the ops of normalization become commands. */
export const normLowering: Rules<"group_norm_affine" | "channel_affine" | "rms_norm"> = {
  group_norm_affine: groupNormAffine,
  channel_affine: (tensor) => [
    channelAffine({ ...tensor.inputs, out: tensor as Tensor }, { shape: tensor.shape, ...tensor.attrs }),
  ],
  rms_norm: (tensor) => [
    rmsNorm(tensor.inputs.x, { weight: tensor.inputs.weight, eps: tensor.attrs.eps, out: tensor as Tensor }),
  ],
};

/** The same for those that need the kernels of training. */
export const normTraining: Rules<
  "channel_sums" | "group_norm_grad" | "rms_norm_grad" | "rms_norm_weight_grad"
> = {
  channel_sums: (tensor) => {
    const { x, dy, affine, activation } = tensor.inputs, through = throughActivation({ x, dy, activation });
    const n = x.shape[0]!, channels = x.shape.at(-1)!, positions = sizeOf(x.shape.slice(1, -1));
    const each = Math.max(minBlock, Math.ceil(positions / maxBlocks)), blocks = Math.ceil(positions / each);
    const sums: Scratch = { scratch: "sums", bytes: 8 * n * blocks * channels };
    return [
      ...through.commands,
      {
        kernel: "channel_sums",
        constants: {
          ...{ WORKGROUP: workgroupSize, POSITIONS: positions, C: channels, BLOCK: each, BLOCKS: blocks },
        },
        bindings: { x, dy: through.dy, affine, out: sums },
        workgroups: [Math.ceil(channels / workgroupSize), blocks, n],
        flop: flopOf(tensor as Tensor),
      },
      reduced({
        ...{ x: sums, out: tensor as Tensor, size: 2 * n * channels },
        ...{ count: blocks, inner: 2 * channels },
      }),
    ];
  },
  group_norm_grad: (tensor) => {
    const { inputs: { x, dy, affine, sums, weight, activation }, attrs: { groups } } = tensor;
    const n = x.shape[0]!, channels = x.shape.at(-1)!, width = channels / groups;
    const positions = sizeOf(x.shape.slice(1, -1));
    const through = throughActivation({ x, dy, activation });
    const means: Scratch = { scratch: "means", bytes: 8 * n * channels };
    const each = weight.shape.length === 2;
    return [
      ...through.commands,
      eachElement("group_means", {
        size: 2 * n * channels,
        constants: { C: channels, WIDTH: width, COUNT: positions * width, EACH: each },
        bindings: { sums, weight, out: means },
        flop: 2 * n * channels * width,
      }),
      eachElement("group_norm_grad", {
        size: sizeOf(tensor.shape),
        constants: { C: channels, POSITIONS: positions, EACH: each },
        bindings: { x, dy: through.dy, affine, means, weight, out: tensor as Tensor },
        flop: flopOf(tensor as Tensor),
      }),
    ];
  },
  rms_norm_grad: (tensor) => {
    const { inputs: { x, weight, dy }, attrs: { eps } } = tensor, width = weight.shape[0]!;
    const rows = sizeOf(x.shape) / width;
    return [{
      kernel: "rms_norm_grad",
      constants: { WORKGROUP: workgroupSize, ROWS: rows, WIDTH: width, EPS: `f32(${eps})` },
      bindings: { x, weight, dy, out: tensor as Tensor },
      workgroups: folded(rows),
      flop: flopOf(tensor as Tensor),
    }];
  },
  rms_norm_weight_grad: (tensor) => {
    const { inputs: { x, dy }, attrs: { eps } } = tensor, width = tensor.shape[0]!;
    const rows = sizeOf(x.shape) / width, blocks = Math.max(1, Math.ceil(rows / rowsOfBlock));
    const scale: Scratch = { scratch: "scale", bytes: 4 * rows };
    const sums: Scratch = { scratch: "sums", bytes: 4 * blocks * width };
    const roots: Command = {
      kernel: "inverse_root",
      constants: { WORKGROUP: workgroupSize, ROWS: rows, WIDTH: width, EPS: `f32(${eps})` },
      bindings: { x, out: scale },
      workgroups: folded(rows),
      flop: 2 * sizeOf(x.shape),
    };
    return [
      ...rows > 0 ? [roots] : [],
      eachElement("rms_norm_weight_grad", {
        size: blocks * width,
        constants: { ROWS: rows, WIDTH: width, BLOCK: rowsOfBlock },
        bindings: { x, dy, scale, out: sums },
        flop: flopOf(tensor as Tensor),
      }),
      reduced({ x: sums, out: tensor as Tensor, size: width, count: blocks, inner: width }),
    ];
  },
};

function groupNormAffine(tensor: TensorOf<"group_norm_affine">): Command[] {
  const { x, weight, bias } = tensor.inputs, { groups, eps } = tensor.attrs;
  const n = x.shape[0]!, channels = x.shape.at(-1)!, positions = sizeOf(x.shape.slice(1, -1));
  const block = Math.max(minBlock, Math.ceil(positions / maxBlocks)), blocks = Math.ceil(positions / block);
  const partials: Scratch = { scratch: "partials", bytes: 4 * n * blocks * 2 * channels };
  const sizes = { POSITIONS: positions, C: channels, BLOCK: block, BLOCKS: blocks, WORKGROUP: workgroupSize };
  return [
    {
      kernel: "norm_partials",
      constants: sizes,
      bindings: { x, partials },
      workgroups: [Math.ceil(channels / workgroupSize), blocks, n],
      flop: flopOf(tensor as Tensor),
    },
    {
      kernel: "norm_affine",
      constants: {
        ...{ ...sizes, WORKGROUP: mergingThreads, WIDTH: channels / groups },
        ...{ EPS: `f32(${eps})`, EACH: weight.shape.length === 2 },
      },
      bindings: { partials, weight, bias, out: tensor as Tensor },
      workgroups: [groups, n, 1],
      flop: 8 * n * blocks * channels,
    },
  ];
}

/** The dispatch of `channel_affine`. */
export function channelAffine(
  { x, affine, out }: { x: Tensor; affine: Tensor; out: Operand },
  { shape, swish }: { shape: readonly number[]; swish: boolean },
): Command {
  const channels = shape.at(-1)!, vector = channels % 4 === 0, step = vector ? 4 : 1;
  const size = sizeOf(shape) / step;
  return {
    kernel: "channel_affine",
    constants: {
      ...{ WORKGROUP: workgroupSize, SIZE: size, VECTOR: vector, SWISH: swish },
      ...{ C: channels / step, POSITIONS: sizeOf(shape.slice(1, -1)) },
    },
    bindings: { x, affine, out },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: sizeOf(shape) * (swish ? 6 : 2),
  };
}

/** The dispatch of `rms_norm`. */
export function rmsNorm(
  x: Tensor,
  { weight, eps, out }: { weight: Tensor; eps: number; out: Operand },
): Command {
  const width = x.shape.at(-1)!, rows = sizeOf(x.shape) / width, vectors = Math.ceil(width / 4);
  return {
    kernel: "rms_norm",
    constants: {
      ...{ WORKGROUP: vectors > workgroupSize ? 4 * workgroupSize : workgroupSize, ROWS: rows },
      ...{ WIDTH: width, VECTORS: vectors, VECTOR: width % 4 === 0, EPS: `f32(${eps})` },
    },
    bindings: { x, weight, out },
    workgroups: folded(rows),
    flop: 4 * sizeOf(x.shape),
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
    constants: { C: x.shape.at(-1)!, POSITIONS: sizeOf(x.shape.slice(1, -1)) },
    bindings: { x, dy, affine: activation, out: slopes },
    flop: 10 * sizeOf(x.shape),
  });
  return { dy: slopes, commands: [command] };
}
