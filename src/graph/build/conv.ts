import { sizeOf } from "../../tensor/shape.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { ConvOps } from "../ops/conv.ts";
import { sum } from "./reduce.ts";
import { permute, reshape } from "./shape.ts";
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

/** The gradients of these ops. */
export const convGradients: Gradients<keyof ConvOps> = {
  conv: ({ inputs: { x, weight, bias, affine, residual }, attrs }, dy) => {
    const { stride, padding, swish, depthToSpace } = attrs;
    if (affine || residual || swish || depthToSpace) return {};
    const positions = sizeOf(dy.shape.slice(0, -1)), outputs = dy.shape.at(-1)!;
    return {
      x: apply("conv_input_grad", { dy, weight }, { stride, padding, size: x.shape.slice(1, -1) }),
      weight: apply("conv_weight_grad", { x, dy }, { stride, padding, kernel: weight.shape.slice(2) }),
      ...bias && { bias: reshape(sum(reshape(dy, [positions, outputs]), [0]), bias.shape) },
    };
  },
  conv_input_grad: "backward",
  conv_weight_grad: "backward",
  depth_to_space: ({ inputs: { x } }, dy) => {
    const [w, channels] = x.shape.slice(-2) as [number, number];
    const rows = reshape(dy, [sizeOf(x.shape.slice(0, -2)), 2, w, channels / 2]);
    return { x: reshape(permute(rows, [0, 2, 1, 3]), x.shape) };
  },
};
