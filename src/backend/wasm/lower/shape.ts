import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { type Shape, sizeOf, stridesOf } from "../../../tensor/shape.ts";
import type { Command } from "../commands.ts";
import type { Padding } from "../../../graph/window.ts";
import type { Addresses, Rules } from "../lowering.ts";

/** How the ops of shape become commands. */
export const shapeLowering: Rules<"slice" | "concat" | "select" | "pad"> = {
  slice: (tensor, at) => {
    const { inputs: { x }, attrs: { axis, start } } = tensor;
    const inner = sizeOf(x.shape.slice(axis + 1)), run = sizeOf(tensor.shape.slice(axis));
    const stride = inner * x.shape[axis]!;
    const from = at.of(x) + 4 * start * inner;
    return [copies(sizeOf(x.shape.slice(0, axis)), [from, at.of(tensor as Tensor), run, stride, run])];
  },
  concat: (tensor, at) => {
    const { inputs: { a, b }, attrs: { axis } } = tensor;
    const outer = sizeOf(a.shape.slice(0, axis)), stride = sizeOf(tensor.shape.slice(axis));
    const runs = [a, b].map(({ shape }) => sizeOf(shape.slice(axis))) as [number, number];
    const out = at.of(tensor as Tensor);
    return [
      copies(outer, [at.of(a), out, runs[0], runs[0], stride]),
      copies(outer, [at.of(b), out + 4 * runs[0], runs[1], runs[1], stride]),
    ];
  },
  select: (tensor, at) => {
    const { condition, a, b } = tensor.inputs, rows = tensor.shape[0]!;
    const args = [at.of(condition), at.of(a), at.of(b), at.of(tensor as Tensor), sizeOf(a.shape) / rows];
    return [{ opcode: Opcode.SelectRows, items: rows, args }];
  },
  pad: (tensor, at) => {
    const { inputs: { x }, attrs: { padding, mode } } = tensor, axes = paddedAxes(x.shape, padding);
    const args = [
      at.of(x),
      at.of(tensor as Tensor),
      Number(mode === "replicate"),
      axes.length,
      ...axes.flat(),
    ];
    return [{ opcode: Opcode.Pad, items: sizeOf(axes.slice(0, -1).map(([length]) => length)), args }];
  },
};

/** The same for those that need the kernels of training. */
export const shapeTraining: Rules<"permute"> = {
  permute: (tensor, at) => {
    const own = stridesOf(tensor.inputs.x.shape);
    return strided(tensor, tensor.attrs.order.map((axis) => own[axis]!), at);
  },
};

function copies(items: number, args: readonly number[]): Command {
  return { opcode: Opcode.CopyRuns, items, args };
}

/** A copy of x whose axes step by `strides`; neighbouring axes that step as one become one. */
export function strided(
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

/** For each axis, its length in the result, in x, and the padding before x. Neighbouring axes without padding are merged. */
function paddedAxes(
  x: Shape,
  padding: readonly Padding[],
): [length: number, own: number, before: number][] {
  const axes: [number, number, number][] = [];
  let kept = false;
  x.forEach((own, axis) => {
    const [before, after] = padding[axis]!, keeps = before + after === 0, last = axes.at(-1);
    if (keeps && kept && last) axes.splice(-1, 1, [last[0] * own, last[1] * own, 0]);
    else axes.push([before + own + after, own, before]);
    kept = keeps;
  });
  return axes.length > 0 ? axes : [[1, 1, 0]];
}
