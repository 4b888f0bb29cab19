import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf, stridesOf } from "../../../tensor/shape.ts";
import type { Command } from "../commands.ts";
import { meanExtent } from "../extents.ts";
import type { Rules } from "../lowering.ts";
import { strided } from "./shape.ts";

/** Elements of one item of a sum of squares. */
const squareBlock = 16384;

/** How the ops of reductions become commands. */
export const reduceLowering: Rules<"mean"> = {
  mean: (tensor, at) => {
    const { inputs: { x }, attrs: { axes, correction = 0 } } = tensor;
    const { outer, count, inner } = meanExtent("mean", x.shape, axes);
    const args = [at.of(x), at.of(tensor as Tensor), count, inner, count - correction];
    return [{ opcode: Opcode.Mean, items: outer, args }];
  },
};

/** The same for those that need the kernels of training. */
export const reduceTraining: Rules<"sum" | "square_sum" | "broadcast_to"> = {
  sum: (tensor, at) => {
    const { outer, count, inner } = meanExtent("sum", tensor.inputs.x.shape, tensor.attrs.axes);
    return [sumCommand({ from: at.of(tensor.inputs.x), out: at.of(tensor as Tensor), outer, count, inner })];
  },
  square_sum: (tensor, at) => {
    const size = sizeOf(tensor.inputs.x.shape), items = Math.ceil(size / squareBlock);
    const sums = at.scratch(4 * items);
    return [
      { opcode: Opcode.SquareSum, items, args: [at.of(tensor.inputs.x), sums, size] },
      sumCommand({ from: sums, out: at.of(tensor as Tensor), outer: 1, count: items, inner: 1 }),
    ];
  },
  broadcast_to: (tensor, at) => {
    const { x } = tensor.inputs, own = stridesOf(x.shape), missing = tensor.shape.length - x.shape.length;
    const strides = tensor.shape.map((_, axis) =>
      axis < missing || x.shape[axis - missing] === 1 ? 0 : own[axis - missing]!
    );
    return strided(tensor, strides, at);
  },
};

/** The command that sums `[outer,count,inner]` over `count`. */
export function sumCommand(
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
