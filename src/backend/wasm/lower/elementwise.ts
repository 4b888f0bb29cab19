import { Opcode } from "../../../../wasm/opcodes.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { type Shape, sizeOf, stridesOf } from "../../../tensor/shape.ts";
import { type Command, floatArgument } from "../commands.ts";
import { elementBlock } from "../extents.ts";
import type { Addresses, Rules } from "../lowering.ts";

/** How the ops of single elements become commands. */
export const elementwiseLowering: Rules<"add" | "sub" | "mul" | "sqrt" | "silu" | "swiglu"> = {
  add: (tensor, at) => binary(Opcode.Add, tensor, at),
  sub: (tensor, at) => binary(Opcode.Sub, tensor, at),
  mul: (tensor, at) => binary(Opcode.Mul, tensor, at),
  sqrt: (tensor, at) => unary(Opcode.Sqrt, tensor, at),
  silu: (tensor, at) => unary(Opcode.Silu, tensor, at),
  swiglu: (tensor, at) => {
    const { gate, up } = tensor.inputs, size = sizeOf(tensor.shape);
    const args = [at.of(gate), at.of(up), at.of(tensor as Tensor), size];
    return [{ opcode: Opcode.Swiglu, items: Math.ceil(size / elementBlock), args }];
  },
};

/** The same for those that need the kernels of training. */
export const elementwiseTraining: Rules<
  | "div"
  | "exp"
  | "log"
  | "sigmoid"
  | "softplus"
  | "abs"
  | "sign"
  | "leaky_relu"
  | "clamp"
  | "between"
  | "silu_grad"
  | "leaky_relu_grad"
  | "swiglu_grad"
  | "dropout"
> = {
  div: (tensor, at) => binary(Opcode.Div, tensor, at),
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

function unary(opcode: Opcode, tensor: TensorOf<"sqrt" | "silu">, at: Addresses): Command[] {
  const size = sizeOf(tensor.shape);
  const args = [at.of(tensor.inputs.x), at.of(tensor as Tensor), size];
  return [{ opcode, items: Math.ceil(size / elementBlock), args }];
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

/** The command of an op on two tensors, broadcast. */
function binary(
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
