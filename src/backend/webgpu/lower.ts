import type { OpName, Tensor, TensorOf, TrainingOp } from "../../graph/ops.ts";
import { flopOf } from "../../graph/flop.ts";
import { BackendError } from "../../tensor/errors.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { KernelName } from "./_generated.ts";
import {
  type Command,
  folded,
  notForTraining,
  type Operand,
  type Scratch,
  type Target,
  workgroupSize,
} from "./commands.ts";
import { linearLowering } from "./lower_linear.ts";
import { channelAffine, lowerConv } from "./lower_matrix.ts";
import { samplingLowering } from "./lower_sampling.ts";
import { sequenceLowering } from "./lower_sequence.ts";
import type { Constants } from "./specialise.ts";

/** Ops that become commands: leaves and views do not, fusion has replaced `group_norm`, training has its own table. */
export type LoweredOp = Exclude<
  OpName,
  TrainingOp | "input" | "param" | "constant" | "state" | "reshape" | "group_norm"
>;
type Rules<P extends OpName> = { readonly [O in P]: (tensor: TensorOf<O>, target: Target) => Command[] };
/** A rule for each op: one that lacks its rule does not compile. */
export type Lowering = Rules<LoweredOp>;
/** The rules of the ops of training, as complete. */
export type TrainingLowering = Rules<Exclude<TrainingOp, "straight_through">>;

const lowering: Lowering = {
  add: (tensor) => binary("ADD", tensor),
  sub: (tensor) => binary("SUB", tensor),
  mul: (tensor) => binary("MUL", tensor),
  sqrt: (tensor) => elementwise("unary", tensor, { constants: { SQRT: true } }),
  silu: (tensor) => elementwise("unary", tensor),

  mean: (tensor) => [reduction(tensor)],
  conv2d: lowerConv,
  group_norm_affine: groupNormAffine,
  channel_affine: (tensor) => [
    channelAffine({ ...tensor.inputs, out: tensor as Tensor }, { shape: tensor.shape, ...tensor.attrs }),
  ],
  depth_to_space: (tensor) => {
    const [, , w, channels] = tensor.inputs.x.shape as [number, number, number, number];
    return elementwise("depth_to_space", tensor, { constants: { W: w, C: channels / 4 } });
  },
  lfq_pack: (tensor) =>
    elementwise("lfq_pack", tensor, { constants: { BITS: tensor.inputs.x.shape.at(-1)! } }),
  lfq_unpack: (tensor) => elementwise("lfq_unpack", tensor, { constants: { BITS: tensor.attrs.bits } }),
  ...linearLowering,
  ...sequenceLowering,
  ...samplingLowering,
};

/** The dispatch of a mean, or of a sum. */
export function reduction(tensor: TensorOf<"mean"> | TensorOf<"sum">): Command {
  const { x } = tensor.inputs, axes = [...tensor.attrs.axes].sort((a, b) => a - b);
  if (axes.some((axis, i) => axis !== axes[0]! + i)) {
    throw new BackendError(`Cannot lower ${tensor.op}`, {
      expected: "neighbouring axes",
      got: axes.join(", "),
    });
  }
  const [first, end] = [axes[0] ?? 0, (axes[0] ?? 0) + axes.length];
  const extent = { count: sizeOf(x.shape.slice(first, end)), inner: sizeOf(x.shape.slice(end)) };
  const operands = { x, out: tensor as Tensor, size: sizeOf(tensor.shape) };
  return reduced({ ...operands, ...extent, sum: tensor.op === "sum" });
}

/** Results of a reduction beyond which a thread each keeps any device busy. */
const manyElements = 2048;

/** The dispatch that takes the mean or the sum of x `[outer,count,inner]` over `count`; `size` is outer·inner. */
export function reduced(
  { x, out, size, count, inner, sum }: {
    x: Operand;
    out: Operand;
    size: number;
    count: number;
    inner: number;
    sum: boolean;
  },
): Command {
  const each = size >= manyElements || count <= workgroupSize;
  return {
    kernel: "mean",
    constants: { WORKGROUP: workgroupSize, SIZE: size, COUNT: count, INNER: inner, SUM: sum, EACH: each },
    bindings: { x, out },
    workgroups: folded(each ? Math.ceil(size / workgroupSize) : size),
    flop: size * count,
  };
}

/** The commands that compute `tensor`: none if it is empty. Throws `BackendError` for an op of training. */
export function lower(tensor: Tensor, target: Target): Command[] {
  const rules: Readonly<Record<string, unknown>> = { ...lowering, ...target.training?.lowering };
  const rule = rules[tensor.op] as ((tensor: Tensor, target: Target) => Command[]) | undefined;
  if (!rule) throw notForTraining(tensor.op);
  return sizeOf(tensor.shape) === 0 ? [] : rule(tensor, target);
}

/** One thread for each element of the result. */
function elementwise(
  kernel: KernelName,
  tensor: TensorOf<"sqrt" | "silu" | "depth_to_space" | "lfq_pack" | "lfq_unpack">,
  { constants = {} }: { constants?: Constants } = {},
): Command[] {
  const size = sizeOf(tensor.shape);
  return [{
    kernel,
    constants: { WORKGROUP: workgroupSize, SIZE: size, ...constants },
    bindings: { x: tensor.inputs.x, out: tensor as Tensor },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: flopOf(tensor as Tensor),
  }];
}

/** The dispatch of an elementwise op of two operands. */
export function binary(
  operation: "ADD" | "SUB" | "MUL" | "DIV",
  tensor: TensorOf<"add" | "sub" | "mul" | "div">,
): Command[] {
  const { a, b } = tensor.inputs, { shape } = tensor;
  const size = sizeOf(shape), axes: Record<string, number> = {};
  // Axes are numbered from the innermost; a scalar has one of length 1.
  const lengths = [1, ...shape].reverse();
  for (const [i, length] of lengths.entries()) {
    axes[`LENGTH${i}`] = length;
    axes[`LEFT${i}`] = strideFromInnermost(a, i);
    axes[`RIGHT${i}`] = strideFromInnermost(b, i);
  }
  const same = `${a.shape}` === `${b.shape}`;
  return [{
    kernel: "binary",
    constants: {
      WORKGROUP: workgroupSize,
      SIZE: size,
      SAME: same,
      AXES: lengths.length,
      [operation]: true,
      ...axes,
    },
    bindings: { lhs: a, rhs: b, out: tensor as Tensor },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: size,
  }];
}

/** The stride of the i-th axis from the innermost; 0 where it is repeated. */
export function strideFromInnermost({ shape }: Tensor, i: number): number {
  const axis = shape.length - 1 - i;
  return axis < 0 || shape[axis] === 1 ? 0 : stridesOf(shape)[axis]!;
}

/** Blocks of positions that the first pass of a norm cuts an image into, at most, and positions of one at least. */
const maxBlocks = 256, minBlock = 16;

function groupNormAffine(tensor: TensorOf<"group_norm_affine">): Command[] {
  const { x, weight, bias } = tensor.inputs, { groups, eps } = tensor.attrs;
  const [n, h, w, channels] = x.shape as [number, number, number, number];
  const positions = h * w;
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
      constants: { ...sizes, WIDTH: channels / groups, EPS: `f32(${eps})`, EACH: weight.shape.length === 2 },
      bindings: { partials, weight, bias, out: tensor as Tensor },
      workgroups: [groups, n, 1],
      flop: 8 * n * blocks * channels,
    },
  ];
}
