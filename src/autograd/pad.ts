import { concat, slice, sum } from "../graph/build.ts";
import type { Tensor, TensorOf } from "../graph/ops.ts";
import type { Padding } from "../graph/window.ts";

/**
 * The gradient of `pad`: the part of dy that covers x. Where elements were replicated, the first and the last entry of x
 * also get the gradients of their copies.
 */
export function padGradient(
  { inputs: { x }, attrs: { padding, mode } }: TensorOf<"pad">,
  dy: Tensor,
): { x: Tensor } {
  const along = mode === "zero" ? cropped : gathered;
  return {
    x: padding.reduce(
      (d, [before, after], axis) =>
        before + after === 0 ? d : along(d, { axis, length: x.shape[axis]!, padding: [before, after] }),
      dy,
    ),
  };
}

interface Axis {
  readonly axis: number;
  /** The length of x. */
  readonly length: number;
  readonly padding: Padding;
}

function cropped(dy: Tensor, { axis, length, padding: [before] }: Axis): Tensor {
  return slice(dy, { axis, start: before, length });
}

/** The part of dy that covers x, with the gradients of the copies added to its first and last entry. */
function gathered(dy: Tensor, { axis, length, padding: [before, after] }: Axis): Tensor {
  const part = (start: number, length: number) => slice(dy, { axis, start, length });
  if (length === 1) return sum(dy, [axis]);
  const first = sum(part(0, before + 1), [axis]), last = sum(part(before + length - 1, after + 1), [axis]);
  const inner = length > 2 ? [part(before + 1, length - 2)] : [];
  return [first, ...inner, last].reduce((a, b) => concat(a, b, { axis }));
}
