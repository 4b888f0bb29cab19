import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Command, folded, type Operand, type Scratch, workgroupSize } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import { strideFromInnermost } from "../strides.ts";
import { strided } from "./shape.ts";

/** Parts that a sum of all squares is cut into, at most, and elements of one at least. */
const mostParts = 256, elementsOfPart = 1024;

/** Results of a reduction beyond which a thread each keeps any device busy. */
const manyElements = 2048;

/** How the ops of reductions become commands. */
export const reduceLowering: Rules<"mean"> = {
  mean: (tensor) => [reduction(tensor)],
};

/** The same for those that need the kernels of training. */
export const reduceTraining: Rules<"sum" | "square_sum" | "broadcast_to"> = {
  sum: (tensor) => [reduction(tensor)],
  square_sum: (tensor) => {
    const { x } = tensor.inputs, count = sizeOf(x.shape);
    const parts = Math.max(1, Math.min(mostParts, Math.ceil(count / elementsOfPart)));
    const sums: Scratch = { scratch: "sums", bytes: 4 * parts };
    return [
      {
        kernel: "square_sum",
        constants: { WORKGROUP: workgroupSize, COUNT: count, PARTS: parts },
        bindings: { x, out: sums },
        workgroups: [parts, 1, 1],
        flop: 2 * count,
      },
      reduced({ x: sums, out: tensor as Tensor, size: 1, count: parts, inner: 1 }),
    ];
  },
  broadcast_to: (tensor) => strided(tensor, (i) => strideFromInnermost(tensor.inputs.x, i)),
};

/** The dispatch of a mean, or of a sum. */
function reduction(tensor: TensorOf<"mean"> | TensorOf<"sum">): Command {
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
  const divisor = tensor.op === "sum" ? 1 : extent.count - (tensor.attrs.correction ?? 0);
  return reduced({ ...operands, ...extent, divisor });
}

/**
 * The dispatch that sums x `[outer,count,inner]` over `count` and divides by `divisor`; `size` is outer·inner.
 */
export function reduced(
  { x, out, size, count, inner, divisor = 1 }: {
    x: Operand;
    out: Operand;
    size: number;
    count: number;
    inner: number;
    divisor?: number;
  },
): Command {
  const each = size >= manyElements || count <= workgroupSize;
  return {
    kernel: "mean",
    constants: {
      WORKGROUP: workgroupSize,
      SIZE: size,
      COUNT: count,
      INNER: inner,
      DIVISOR: divisor,
      EACH: each,
    },
    bindings: { x, out },
    workgroups: folded(each ? Math.ceil(size / workgroupSize) : size),
    flop: size * count,
  };
}
