import { Opcode } from "../_generated_opcodes.ts";
import { type BinaryFn, binaryFunctions, type UnaryFn, unaryFunctions } from "../../../graph/functions.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { type Shape, sizeOf, stridesOf } from "../../../tensor/shape.ts";
import { type Command, floatArgument } from "../commands.ts";
import { elementBlock } from "../extents.ts";
import type { Addresses, Rules } from "../lowering.ts";

/** Functions that the kernels for inference have. The others need those of training. */
const inferenceFunctions: readonly (UnaryFn | BinaryFn)[] = ["sqrt", "silu", "add", "sub", "mul"];
/** The functions in the order in which `wasm/build.ts` numbers them. */
const unaryNames = Object.keys(unaryFunctions), binaryNames = Object.keys(binaryFunctions);

/** How the ops of single elements become commands. */
export const elementwiseLowering: Rules<"unary" | "binary" | "swiglu"> = {
  unary: (tensor, at) => {
    const { inputs: { x }, attrs } = tensor, { fn } = attrs, size = sizeOf(tensor.shape);
    const [p = 0, q = 0] = (unaryFunctions[fn].parameters ?? []).map((name) => attrs[name]!);
    return [{
      opcode: inferenceFunctions.includes(fn) ? Opcode.Unary : Opcode.UnaryTraining,
      items: Math.ceil(size / elementBlock),
      args: [
        ...[at.of(x), at.of(tensor as Tensor), size],
        ...[unaryNames.indexOf(fn), floatArgument(p), floatArgument(q)],
      ],
    }];
  },
  binary,
  swiglu: (tensor, at) => {
    const { gate, up } = tensor.inputs, size = sizeOf(tensor.shape);
    const args = [at.of(gate), at.of(up), at.of(tensor as Tensor), size];
    return [{ opcode: Opcode.Swiglu, items: Math.ceil(size / elementBlock), args }];
  },
};

/** The same for those that need the kernels of training. */
export const elementwiseTraining: Rules<
  | "silu_grad"
  | "leaky_relu_grad"
  | "swiglu_grad"
  | "dropout"
> = {
  silu_grad: (tensor, at) => gradient(tensor, { opcode: Opcode.SiluGrad, slope: 0, at }),
  leaky_relu_grad: (tensor, at) =>
    gradient(tensor, { opcode: Opcode.LeakyReluGrad, slope: tensor.attrs.slope, at }),
  swiglu_grad: (tensor, at) => {
    const { gate, up, dy } = tensor.inputs, size = sizeOf(tensor.shape);
    const args = [at.of(gate), at.of(up), at.of(dy), at.of(tensor as Tensor), size];
    return [{ opcode: Opcode.SwigluGrad, items: Math.ceil(size / elementBlock), args }];
  },
  dropout: (tensor, at) => {
    const { inputs: { x, random }, attrs: { rate, site } } = tensor, size = sizeOf(tensor.shape);
    const pointers = [at.of(x), at.of(random), at.of(tensor as Tensor)];
    const args = [...pointers, size, Math.floor(rate * 2 ** 32) | 0, floatArgument(1 / (1 - rate)), site | 0];
    return [{ opcode: Opcode.Dropout, items: Math.ceil(size / elementBlock), args }];
  },
};

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

function binary(tensor: TensorOf<"binary">, at: Addresses): Command[] {
  const { inputs: { a, b }, attrs: { fn } } = tensor, size = sizeOf(tensor.shape);
  const axes = binaryAxes(tensor.shape, [a.shape, b.shape]);
  if (axes.length > 4) {
    throw new BackendError(`Cannot lower ${fn}`, {
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
  const args = [
    at.of(a),
    at.of(b),
    at.of(tensor as Tensor),
    ...lengths!,
    ...strides.flat(),
    size,
    binaryNames.indexOf(fn),
  ];
  const items = size === 0 ? 0 : lengths![0]! * lengths![1]! * lengths![2]!;
  const opcode = inferenceFunctions.includes(fn) ? Opcode.Binary : Opcode.BinaryTraining;
  return [{ opcode, items, args }];
}

function gradient(
  tensor: TensorOf<"silu_grad" | "leaky_relu_grad">,
  { opcode, slope, at }: { opcode: Opcode; slope: number; at: Addresses },
): Command[] {
  const { x, dy } = tensor.inputs, size = sizeOf(tensor.shape);
  const args = [at.of(x), at.of(dy), at.of(tensor as Tensor), size, floatArgument(slope)];
  return [{ opcode, items: Math.ceil(size / elementBlock), args }];
}
