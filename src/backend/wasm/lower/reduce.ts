import { Opcode } from "../../../../wasm/opcodes.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Command } from "../commands.ts";
import { meanExtent } from "../extents.ts";
import type { Rules } from "../lowering.ts";

/** Elements of one item of a sum of squares. */
const squareBlock = 16384;

/** How the ops of reductions become commands. */
export const reduceLowering: Rules<"mean"> = {
  mean: (tensor, at) => {
    const { x } = tensor.inputs, { outer, count, inner } = meanExtent("mean", x.shape, tensor.attrs.axes);
    return [{ opcode: Opcode.Mean, items: outer, args: [at.of(x), at.of(tensor as Tensor), count, inner] }];
  },
};

/** The same for those that need the kernels of training. */
export const reduceTraining: Rules<"sum" | "square_sum"> = {
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
};

/** Bytes in which a sum of squares keeps the sums of its items. */
export function squareSumScratch({ inputs: { x } }: TensorOf<"square_sum">): number {
  return 4 * Math.ceil(sizeOf(x.shape) / squareBlock);
}

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
