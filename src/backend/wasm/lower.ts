import { Opcode } from "../../../wasm/opcodes.ts";
import type { OpName, Tensor, TensorOf } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";
import { type Command, floatArgument } from "./commands.ts";
import { sequenceLowering } from "./lower_sequence.ts";
import { convCommands, convScratch } from "./conv.ts";

/** Where tensors lie in memory. */
export interface Addresses {
  /** The address of a tensor's elements; 0 for none. */
  of(tensor: Tensor | undefined): number;
  /** The address of the op's own scratch buffer. */
  readonly scratch: number;
}

/** Ops that become commands: leaves and views do not, and fusion has replaced `group_norm`. */
export type LoweredOp = Exclude<OpName, "input" | "param" | "constant" | "state" | "reshape" | "group_norm">;
/** How each op becomes commands. */
export type Lowering = { [O in LoweredOp]: (tensor: TensorOf<O>, at: Addresses) => Command[] };

/** Elements of one item of the elementwise kernels, positions of one item of the norms. */
const elementBlock = 4096, positionBlock = 256;

const lowering: Lowering = {
  add: (tensor, at) => binary(Opcode.Add, tensor, at),
  sub: (tensor, at) => binary(Opcode.Sub, tensor, at),
  mul: (tensor, at) => binary(Opcode.Mul, tensor, at),
  sqrt: (tensor, at) => unary(Opcode.Sqrt, tensor, at),
  silu: (tensor, at) => unary(Opcode.Silu, tensor, at),

  mean: (tensor, at) => {
    const { x } = tensor.inputs, axes = [...tensor.attrs.axes].sort((a, b) => a - b);
    if (axes.some((axis, i) => axis !== axes[0]! + i)) {
      throw new BackendError("Cannot lower mean", { expected: "neighbouring axes", got: axes.join(", ") });
    }
    const [outer, count, inner] = [
      x.shape.slice(0, axes[0]),
      x.shape.slice(axes[0], axes[0]! + axes.length),
      x.shape.slice(axes[0]! + axes.length),
    ].map(sizeOf) as [number, number, number];
    return [{ opcode: Opcode.Mean, items: outer, args: [at.of(x), at.of(tensor as Tensor), count, inner] }];
  },
  conv2d: (tensor, at) => {
    const { x, affine, weight, bias, residual } = tensor.inputs;
    const pointers = {
      x: at.of(x),
      affine: at.of(affine),
      weight: at.of(weight),
      bias: at.of(bias),
      residual: at.of(residual),
      out: at.of(tensor as Tensor),
    };
    return convCommands(tensor, pointers, at.scratch);
  },
  group_norm_affine: (tensor, at) => {
    const { x, weight, bias } = tensor.inputs, { groups, eps } = tensor.attrs;
    const { n, positions, channels, blocks } = normExtent(x.shape);
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
    const { x, affine } = tensor.inputs;
    const { n, positions, channels, blocks } = normExtent(x.shape);
    const args = [at.of(x), at.of(affine), at.of(tensor as Tensor), positions, channels, blocks];
    return [{ opcode: Opcode.ChannelAffine, items: n * blocks, args: [...args, Number(tensor.attrs.swish)] }];
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

/** The commands that compute `tensor`. */
export function lower(tensor: Tensor, at: Addresses): Command[] {
  const rule = lowering[tensor.op as LoweredOp] as (tensor: Tensor, at: Addresses) => Command[];
  return rule(tensor, at);
}

/** Bytes of the scratch buffer that `tensor`'s commands share. */
export function scratchBytes(tensor: Tensor): number {
  if (tensor.op === "conv2d") return convScratch(tensor);
  if (tensor.op !== "group_norm_affine") return 0;
  const { n, channels, blocks } = normExtent(tensor.inputs.x.shape);
  return 4 * n * blocks * 2 * channels;
}

function normExtent(shape: Shape): { n: number; positions: number; channels: number; blocks: number } {
  const [n, h, w, channels] = shape as [number, number, number, number];
  if (channels % 4 !== 0) {
    throw new BackendError("Cannot lower a normalisation", {
      expected: "a multiple of 4 channels",
      got: `${channels}`,
    });
  }
  return { n, positions: h * w, channels, blocks: Math.ceil(h * w / positionBlock) };
}

function unary(opcode: Opcode, tensor: TensorOf<"sqrt" | "silu">, at: Addresses): Command[] {
  const size = sizeOf(tensor.shape);
  const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), size];
  return [{ opcode, items: Math.ceil(size / elementBlock), args }];
}

function binary(opcode: Opcode, tensor: TensorOf<"add" | "sub" | "mul">, at: Addresses): Command[] {
  const { a, b } = tensor.inputs;
  const lengths = fourAxes(tensor.shape);
  if (tensor.shape.length > 4) {
    throw new BackendError(`Cannot lower ${tensor.op}`, {
      expected: "at most 4 axes",
      got: `${tensor.shape.length}`,
    });
  }
  const strides = [a, b].flatMap(({ shape }) => {
    const own = fourAxes(shape), steps = stridesOf(own);
    return own.map((length, axis) => length === 1 && lengths[axis] !== 1 ? 0 : steps[axis]!);
  });
  const args = [at.of(a), at.of(b), at.of(tensor as Tensor), ...lengths, ...strides];
  return [{ opcode, items: lengths[0]! * lengths[1]! * lengths[2]!, args }];
}

function fourAxes(shape: Shape): number[] {
  return [...new Array<number>(Math.max(0, 4 - shape.length)).fill(1), ...shape];
}
