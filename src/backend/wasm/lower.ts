import { firstOfTraining, Opcode } from "../../../wasm/opcodes.ts";
import type { OpName, Tensor, TensorOf, TrainingOp } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { type Command, floatArgument } from "./commands.ts";
import { sequenceLowering } from "./lower_sequence.ts";
import { convCommands, convScratch } from "./conv.ts";
import { channelExtent, meanExtent } from "./extents.ts";
import type { KernelBuild } from "./kernels.ts";
import { packConv, plainConvBytes, plainLinearBytes } from "./pack_plain.ts";

/** Where tensors lie in memory. */
export interface Addresses {
  /** The address of a tensor's elements; 0 for none. */
  of(tensor: Tensor | undefined): number;
  /** The address of the op's own scratch buffer. */
  readonly scratch: number;
  /** Whether a weight lies packed for the op that reads it; else that op's commands pack it. */
  packed(tensor: Tensor): boolean;
}

/** Ops that become commands: leaves and views do not, and fusion has replaced `group_norm`. */
export type LoweredOp = Exclude<
  OpName,
  "input" | "param" | "constant" | "state" | "reshape" | "straight_through" | "group_norm"
>;
/** How each op becomes commands. */
export type Lowering = { [O in LoweredOp]: (tensor: TensorOf<O>, at: Addresses) => Command[] };

/** The kernels for programs of training, which those of inference do without. */
export interface TrainingKernels {
  /** All kernels, those of inference among them. */
  readonly build: KernelBuild;
  readonly lowering: Pick<Lowering, (TrainingOp & LoweredOp) | "linear">;
  /** Bytes of the scratch buffer that an op's commands share; undefined where they are those of inference. */
  scratchBytes(tensor: Tensor, packed: (weight: Tensor) => boolean): number | undefined;
}

/** Elements of one item of the elementwise kernels, as in the kernels. */
const elementBlock = 4096;

const lowering: Omit<Lowering, TrainingOp> = {
  add: (tensor, at) => binary(Opcode.Add, tensor, at),
  sub: (tensor, at) => binary(Opcode.Sub, tensor, at),
  mul: (tensor, at) => binary(Opcode.Mul, tensor, at),
  sqrt: (tensor, at) => unary(Opcode.Sqrt, tensor, at),
  silu: (tensor, at) => unary(Opcode.Silu, tensor, at),

  mean: (tensor, at) => {
    const { x } = tensor.inputs, { outer, count, inner } = meanExtent("mean", x.shape, tensor.attrs.axes);
    return [{ opcode: Opcode.Mean, items: outer, args: [at.of(x), at.of(tensor as Tensor), count, inner] }];
  },
  conv2d: (tensor, at) => {
    const { x, affine, weight, bias, residual } = tensor.inputs;
    const packed = at.packed(weight);
    const pointers = {
      x: at.of(x),
      affine: at.of(affine),
      weight: packed ? at.of(weight) : at.scratch,
      bias: at.of(bias),
      residual: at.of(residual),
      out: at.of(tensor as Tensor),
    };
    if (packed) return convCommands(tensor, pointers, at.scratch);
    const scratch = at.scratch + plainConvBytes(weight.shape);
    return [
      packConv(at.of(weight), weight.shape, at.scratch),
      ...convCommands(tensor, pointers, scratch),
    ];
  },
  group_norm_affine: (tensor, at) => {
    const { x, weight, bias } = tensor.inputs, { groups, eps } = tensor.attrs;
    const { n, positions, channels, blocks } = channelExtent(x.shape);
    const stride = weight.shape.length === 2 ? channels : 0;
    return [
      {
        opcode: Opcode.NormPartials,
        items: n * blocks,
        args: [at.of(x), at.scratch, positions, channels, blocks],
      },
      {
        opcode: Opcode.NormAffine,
        items: n * groups,
        args: [
          ...[at.scratch, at.of(weight), at.of(bias), at.of(tensor as Tensor)],
          ...[positions, channels, blocks, groups, floatArgument(eps), stride],
        ],
      },
    ];
  },
  channel_affine: (tensor, at) => {
    return [channelAffineCommand({ ...tensor.inputs, ...tensor.attrs, out: at.of(tensor as Tensor) }, at)];
  },
  depth_to_space: (tensor, at) => {
    const [n, h, w, channels] = tensor.inputs.x.shape as [number, number, number, number];
    const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), n * h, w, channels / 4];
    return [{ opcode: Opcode.DepthToSpace, items: n * h, args }];
  },
  lfq_pack: (tensor, at) => {
    const args = [
      at.of(tensor.inputs.x),
      at.of(tensor as Tensor),
      sizeOf(tensor.shape),
      tensor.inputs.x.shape.at(-1)!,
    ];
    return [{ opcode: Opcode.LfqPack, items: 1, args }];
  },
  lfq_unpack: (tensor, at) => {
    const args = [
      at.of(tensor.inputs.x),
      at.of(tensor as Tensor),
      sizeOf(tensor.inputs.x.shape),
      tensor.attrs.bits,
    ];
    return [{ opcode: Opcode.LfqUnpack, items: 1, args }];
  },
  ...sequenceLowering,
};

/** The commands that compute `tensor`. Throws `BackendError` where they would need kernels of training. */
export function lower(tensor: Tensor, at: Addresses, training?: TrainingKernels): Command[] {
  const rules = { ...lowering, ...training?.lowering };
  const rule = rules[tensor.op as keyof typeof rules] as
    | ((tensor: Tensor, at: Addresses) => Command[])
    | undefined;
  const commands = rule?.(tensor, at);
  if (commands && (training || commands.every(({ opcode }) => opcode < firstOfTraining))) return commands;
  throw new BackendError(`Cannot lower ${tensor.op}`, {
    expected: "a program of inference",
    got: "an op, or weights that a run computes, which only training has",
    hint: "set the backend up for training",
  });
}

/** Bytes of the scratch buffer that `tensor`'s commands share. */
export function scratchBytes(
  tensor: Tensor,
  { packed, training }: { packed: (weight: Tensor) => boolean; training?: TrainingKernels },
): number {
  const bytes = training?.scratchBytes(tensor, packed);
  if (bytes !== undefined) return bytes;
  switch (tensor.op) {
    case "conv2d": {
      const { weight } = tensor.inputs;
      return convScratch(tensor) + (packed(weight) ? 0 : plainConvBytes(weight.shape));
    }
    case "linear": {
      const { weight, up } = tensor.inputs;
      return [weight, up].reduce(
        (bytes, matrix) => bytes + (!matrix || packed(matrix) ? 0 : plainLinearBytes(matrix.shape)),
        0,
      );
    }
    case "group_norm_affine": {
      const { n, channels, blocks } = channelExtent(tensor.inputs.x.shape);
      return 4 * n * blocks * 2 * channels;
    }
    default:
      return 0;
  }
}

/** The command that normalises x by channel, and activates it. */
export function channelAffineCommand(
  { x, affine, swish, out }: { x: Tensor; affine: Tensor | undefined; swish: boolean; out: number },
  at: Addresses,
): Command {
  const { n, positions, channels, blocks } = channelExtent(x.shape);
  const args = [at.of(x), at.of(affine), out, positions, channels, blocks, Number(swish)];
  return { opcode: Opcode.ChannelAffine, items: n * blocks, args };
}

function unary(opcode: Opcode, tensor: TensorOf<"sqrt" | "silu">, at: Addresses): Command[] {
  const size = sizeOf(tensor.shape);
  const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), size];
  return [{ opcode, items: Math.ceil(size / elementBlock), args }];
}

/** The command of an op on two tensors, broadcast. */
export function binary(
  opcode: Opcode,
  tensor: TensorOf<"add" | "sub" | "mul" | "div">,
  at: Addresses,
): Command[] {
  const { a, b } = tensor.inputs, size = sizeOf(tensor.shape);
  const axes = binaryAxes(tensor.shape, [a.shape, b.shape]);
  if (axes.length > 4) {
    throw new BackendError(`Cannot lower ${tensor.op}`, {
      expected: "at most 4 axes",
      got: `${tensor.shape.length}`,
    });
  }
  if (axes.length === 1) {
    // One long row becomes several, the last of which may be shorter.
    const [length, p, q] = axes[0]!, row = Math.min(length, elementBlock);
    axes.splice(0, 1, [Math.ceil(length / row), p * row, q * row], [row, p, q]);
  }
  while (axes.length < 4) axes.unshift([1, 0, 0]);
  const [lengths, ...strides] = [0, 1, 2].map((part) => axes.map((axis) => axis[part]!));
  const args = [at.of(a), at.of(b), at.of(tensor as Tensor), ...lengths!, ...strides.flat(), size];
  const items = size === 0 ? 0 : lengths![0]! * lengths![1]! * lengths![2]!;
  return [{ opcode, items, args }];
}

/** Length and the operands' strides along each axis of `shape`; neighbouring axes that step as one are one. */
function binaryAxes(shape: Shape, operands: readonly [Shape, Shape]): [number, number, number][] {
  const [a, b] = operands.map((operand) => {
    const own = stridesOf(operand), missing = shape.length - operand.length;
    return shape.map((_, axis) => axis < missing || operand[axis - missing] === 1 ? 0 : own[axis - missing]!);
  }) as [number[], number[]];
  const axes: [number, number, number][] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const [p, q] = [a[axis]!, b[axis]!], last = axes.at(-1);
    if (last && last[1] === p * length && last[2] === q * length) {
      axes.splice(-1, 1, [last[0] * length, p, q]);
    } else axes.push([length, p, q]);
  });
  return axes.length > 0 ? axes : [[1, 0, 0]];
}
