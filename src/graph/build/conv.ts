import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";
import type { Padding } from "../window.ts";

/**
 * Convolution of x `[N,…,C]`, which has one to three spatial axes, by weight `[O,C,…]`, with zero padding. Stride and
 * padding have an entry for each axis, ordered time, height, width.
 */
export function conv(
  x: Tensor,
  { weight, bias, stride, padding }: {
    weight: Tensor;
    bias?: Tensor;
    stride: readonly number[];
    padding: readonly Padding[];
  },
): Tensor {
  return apply("conv", { x, weight, bias }, { stride, padding });
}

/** Convolution of x `[N,H,W,C]` by weight `[O,C,kh,kw]` with the same stride along both axes and padding on all four sides. */
export function conv2d(
  x: Tensor,
  { weight, bias, stride, padding }: { weight: Tensor; bias?: Tensor; stride: number; padding: number },
): Tensor {
  return conv(x, {
    weight,
    bias,
    stride: [stride, stride],
    padding: [[padding, padding], [padding, padding]],
  });
}

/** `[N,…,H,W,4·C]` → `[N,…,2·H,2·W,C]`, DCR order. */
export function depthToSpace(x: Tensor): Tensor {
  return apply("depth_to_space", { x }, {});
}
