import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf, stridesOf } from "../../../tensor/shape.ts";
import type { Command } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import { byElement, eachElement } from "../each_element.ts";

/** How the ops of shape become commands. */
export const shapeLowering: Rules<"slice" | "concat" | "select" | "pad"> = {
  slice: (tensor) => {
    const { inputs: { x }, attrs: { axis, start } } = tensor;
    const inner = sizeOf(x.shape.slice(axis + 1));
    return byElement("slice", tensor, {
      constants: { LENGTH: x.shape[axis]! * inner, FIRST: start * inner, RUN: tensor.shape[axis]! * inner },
      bindings: { x },
    });
  },
  concat: (tensor) => {
    const { inputs: { a, b }, attrs: { axis } } = tensor;
    const run = ({ shape }: Tensor) => sizeOf(shape.slice(axis));
    return byElement("concat", tensor, {
      constants: { LEFT: run(a), RIGHT: run(b) },
      bindings: { lhs: a, rhs: b },
    });
  },
  select: (tensor) => {
    const { condition, a, b } = tensor.inputs;
    return byElement("select", tensor, {
      constants: { WIDTH: sizeOf(tensor.shape.slice(1)) },
      bindings: { condition, lhs: a, rhs: b },
    });
  },
  pad: (tensor) => {
    const { inputs: { x }, attrs: { padding, mode } } = tensor, strides = stridesOf(x.shape).reverse();
    const axes: Record<string, number> = {};
    // Axes are numbered from the innermost.
    for (const [i, length] of tensor.shape.toReversed().entries()) {
      axes[`LENGTH${i}`] = length;
      axes[`OWN${i}`] = x.shape.at(-1 - i)!;
      axes[`STRIDE${i}`] = strides[i]!;
      axes[`BEFORE${i}`] = padding.at(-1 - i)![0];
    }
    return byElement("pad", tensor, {
      constants: { AXES: strides.length, REPLICATE: mode === "replicate", ...axes },
      bindings: { x },
    });
  },
};

/** The same for those that need the kernels of training. */
export const shapeTraining: Rules<"permute"> = {
  permute: (tensor) => {
    const { inputs: { x }, attrs: { order } } = tensor, strides = stridesOf(x.shape);
    return strided(tensor, (i) => strides[order[order.length - 1 - i]!] ?? 0);
  },
};

/** A copy of x; `strideOf` gives x's stride along the i-th axis of the result from the innermost. */
export function strided(
  tensor: TensorOf<"broadcast_to" | "permute">,
  strideOf: (i: number) => number,
): Command[] {
  const axes: Record<string, number> = {};
  // A scalar has one axis of length 1.
  const lengths = tensor.shape.length === 0 ? [1] : tensor.shape.toReversed();
  for (const [i, length] of lengths.entries()) {
    axes[`LENGTH${i}`] = length;
    axes[`STRIDE${i}`] = tensor.shape.length === 0 ? 0 : strideOf(i);
  }
  return [eachElement("strided", {
    size: sizeOf(tensor.shape),
    constants: { AXES: lengths.length, ...axes },
    bindings: { x: tensor.inputs.x, out: tensor as Tensor },
    flop: 0,
  })];
}
