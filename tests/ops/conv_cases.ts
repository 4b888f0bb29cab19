import type { Shape } from "../../src/tensor/shape.ts";
import { type CaseSpec, given, weight } from "./case.ts";

interface Fused {
  bias?: boolean;
  affine?: boolean;
  swish?: boolean;
  residual?: boolean;
  depthToSpace?: boolean;
}

interface Kernel extends Fused {
  /** Kernel size, 3 if not given; the padding is half of it. */
  k?: number;
  stride?: number;
}

/** A convolution of x to `outputs` channels. */
function conv(
  x: Shape,
  outputs: number,
  { k = 3, stride = 1, bias, affine, swish, residual, depthToSpace }: Kernel = {},
): CaseSpec<"conv2d"> {
  const [n, h, w, channels] = x as [number, number, number, number];
  const padding = k >> 1;
  const outH = Math.floor((h + 2 * padding - k) / stride) + 1;
  const outW = Math.floor((w + 2 * padding - k) / stride) + 1;
  const y = depthToSpace ? [n, 2 * outH, 2 * outW, outputs / 4] : [n, outH, outW, outputs];
  return {
    operands: {
      x: given(x),
      weight: weight([outputs, channels, k, k]),
      ...bias && { bias: weight([outputs]) },
      ...affine && { affine: given([n, 2, channels]) },
      ...residual && { residual: given(y) },
    },
    attrs: { stride, padding, ...swish && { swish }, ...depthToSpace && { depthToSpace } },
  };
}

/** What convolutions are fused with in the models, and every part alone. */
const fusions: readonly Fused[] = [
  { bias: true },
  { affine: true },
  { affine: true, swish: true },
  { residual: true },
  { affine: true, swish: true, residual: true, bias: true },
  { bias: true, depthToSpace: true },
  { affine: true, swish: true, depthToSpace: true },
];

/** Convolutions: those of the models at small sizes, and the borders of every kernel. */
export const convCases: readonly CaseSpec<"conv2d">[] = [
  // Few channels: the first and the last layers.
  conv([1, 1, 1, 1], 1, { k: 1 }),
  conv([2, 4, 6, 1], 1),
  conv([1, 5, 7, 3], 8, { bias: true }),
  conv([1, 16, 16, 3], 128),
  conv([1, 9, 8, 18], 32, { bias: true }),
  conv([1, 8, 9, 64], 3, { bias: true }),
  conv([1, 8, 8, 128], 18, { k: 1, bias: true }),
  conv([1, 7, 5, 6], 7),
  conv([1, 1, 1, 32], 32),
  conv([1, 2, 3, 32], 32),
  // Many channels, odd sizes, tails of channels.
  conv([1, 8, 8, 32], 32),
  conv([1, 13, 11, 32], 36),
  conv([2, 7, 5, 36], 40),
  conv([1, 6, 6, 33], 35),
  conv([1, 1, 40, 32], 32),
  conv([1, 40, 1, 32], 32),
  conv([3, 10, 9, 40], 48),
  conv([1, 17, 33, 64], 64),
  conv([1, 64, 64, 32], 32),
  conv([1, 16, 16, 128], 128),
  conv([1, 5, 4, 512], 512),
  // Other kernels and strides.
  conv([1, 6, 6, 64], 32, { k: 1 }),
  conv([1, 3, 5, 5], 6, { k: 1, bias: true }),
  conv([1, 8, 8, 32], 32, { stride: 2, bias: true }),
  conv([1, 7, 9, 5], 6, { stride: 2 }),
  conv([1, 9, 9, 8], 4, { k: 5 }),
  // Nothing at all.
  conv([0, 8, 8, 32], 32),
  // The fused forms: where the fast kernels apply, where they do not, and on tails.
  ...fusions.map((fused) => conv([2, 12, 9, 32], 64, fused)),
  ...fusions.map((fused) => conv([1, 6, 5, 8], 12, fused)),
  ...fusions.map((fused) => conv([1, 8, 8, 32], 32, { ...fused, k: 1 })),
  ...fusions.map((fused) => conv([1, 7, 6, 12], 16, { ...fused, stride: 2 })),
];
