import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";

/** Convolution of x `[N,H,W,C]` by weight `[O,C,K,K]`, zero padding on all four sides. */
export function conv2d(
  x: Tensor,
  { weight, bias, stride, padding }: { weight: Tensor; bias?: Tensor; stride: number; padding: number },
): Tensor {
  return apply("conv2d", { x, weight, bias }, { stride, padding });
}

/** `[N,H,W,4·C]` → `[N,2·H,2·W,C]`, DCR order. */
export function depthToSpace(x: Tensor): Tensor {
  return apply("depth_to_space", { x }, {});
}

/** The largest of each 2×2 block: `[N,H,W,C]` → `[N,⌊H/2⌋,⌊W/2⌋,C]`. */
export function maxPool(x: Tensor): Tensor {
  return apply("max_pool", { x }, {});
}
