import { causal, outputSizes, type Padding, type Window } from "../../src/graph/window.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { type CaseSpec, given, weight } from "./case.ts";

interface Fused {
  bias?: boolean;
  affine?: boolean;
  swish?: boolean;
  residual?: boolean;
  depthToSpace?: boolean;
}

/** A window by axis; a number stands for all axes and both sides. Padding is half of the kernel if not given. */
interface Sizes {
  k?: number | readonly number[];
  stride?: number | readonly number[];
  padding?: number | readonly Padding[];
}

/** A window over the spatial axes of x. */
function windowOf(x: Shape, { k = 3, stride = 1, padding }: Sizes): Window {
  const axes = x.slice(1, -1), kernel = typeof k === "number" ? axes.map(() => k) : k;
  const around = (zeros: number): Padding => [zeros, zeros];
  return {
    kernel,
    stride: typeof stride === "number" ? axes.map(() => stride) : stride,
    padding: typeof padding === "object" ? padding : kernel.map((size) => around(padding ?? size >> 1)),
  };
}

/** A convolution of x to `outputs` channels. */
function conv(
  x: Shape,
  outputs: number,
  { bias, affine, swish, residual, depthToSpace, ...sizes }: Fused & Sizes = {},
): CaseSpec<"conv"> {
  const n = x[0]!, channels = x.at(-1)!, { kernel, ...attrs } = windowOf(x, sizes);
  const places = outputSizes(x.slice(1, -1), { kernel, ...attrs });
  const y = depthToSpace
    ? [n, ...places.slice(0, -2), ...places.slice(-2).map((length) => 2 * length), outputs / 4]
    : [n, ...places, outputs];
  return {
    operands: {
      x: given(x),
      weight: weight([outputs, channels, ...kernel]),
      ...bias && { bias: weight([outputs]) },
      ...affine && { affine: given([n, 2, channels]) },
      ...residual && { residual: given(y) },
    },
    attrs: { ...attrs, ...swish && { swish }, ...depthToSpace && { depthToSpace } },
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
export const convCases: readonly CaseSpec<"conv">[] = [
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
  // Kernels, strides and paddings that differ from axis to axis, and from side to side.
  conv([2, 9, 11, 6], 8, { k: [1, 7], bias: true }),
  conv([1, 9, 11, 16], 16, { k: [7, 1] }),
  conv([1, 31, 29, 3], 16, { k: 11, stride: 4, padding: 2, bias: true }),
  conv([2, 8, 9, 5], 6, { stride: [2, 1], padding: [[0, 1], [2, 0]], bias: true }),
  conv([1, 8, 8, 32], 32, { padding: [[1, 1], [0, 2]] }),
  conv([1, 9, 8, 32], 32, { stride: 2, padding: [[0, 1], [0, 1]] }),
  conv([1, 6, 6, 4], 4, { k: 1, padding: 2 }),
  // One axis.
  conv([2, 9, 5], 6, { bias: true }),
  conv([1, 16, 32], 32, { stride: 2 }),
  // Three axes: causal in time or not, few channels and many.
  conv([2, 5, 6, 7, 3], 8, { bias: true, padding: [causal(3), [1, 1], [1, 1]] }),
  conv([1, 4, 6, 5, 8], 6, { k: [3, 1, 2], stride: [2, 1, 2], padding: [causal(3), [0, 0], [1, 0]] }),
  conv([2, 5, 12, 9, 32], 32, { padding: [causal(3), [1, 1], [1, 1]], bias: true, residual: true }),
  conv([2, 3, 12, 9, 32], 64, { affine: true, swish: true }),
  conv([1, 5, 8, 8, 16], 16, { stride: [2, 2, 2], padding: [causal(3), [1, 1], [1, 1]], affine: true }),
  conv([2, 3, 12, 12, 16], 16, { k: [1, 3, 3], affine: true, swish: true, bias: true }),
  conv([1, 1, 12, 12, 16], 16, { padding: [causal(3), [1, 1], [1, 1]] }),
  conv([1, 4, 36, 36, 16], 16, { padding: [causal(3), [1, 1], [1, 1]], bias: true }),
  conv([1, 3, 12, 12, 16], 16, { padding: [[1, 0], [1, 1], [1, 1]], residual: true }),
  conv([1, 2, 12, 9, 32], 64, { padding: [causal(3), [1, 1], [1, 1]], bias: true, depthToSpace: true }),
  // Nothing at all.
  conv([0, 8, 8, 32], 32),
  conv([0, 3, 8, 8, 32], 32, { padding: [causal(3), [1, 1], [1, 1]] }),
  // The fused forms: where the fast kernels apply, where they do not, and on tails.
  ...fusions.map((fused) => conv([2, 12, 9, 32], 64, fused)),
  ...fusions.map((fused) => conv([1, 6, 5, 8], 12, fused)),
  ...fusions.map((fused) => conv([1, 8, 8, 32], 32, { ...fused, k: 1 })),
  ...fusions.map((fused) => conv([1, 7, 6, 12], 16, { ...fused, stride: 2 })),
];

/** A convolution as its gradients see it. */
interface GradCase {
  readonly x: Shape;
  readonly outputs: number;
  readonly window: Window;
}

const grads: readonly GradCase[] = ([
  [[1, 1, 1, 1], 1, { k: 1 }],
  [[2, 5, 7, 3], 8, {}],
  [[1, 6, 6, 33], 35, {}],
  [[1, 13, 12, 48], 64, {}],
  [[2, 8, 8, 32], 18, { k: 1 }],
  [[1, 8, 8, 32], 32, { stride: 2 }],
  [[2, 7, 9, 5], 6, { stride: 2 }],
  [[1, 9, 10, 3], 16, { k: 4, stride: 2, padding: 1 }],
  [[1, 7, 6, 20], 1, { k: 4, padding: 1 }],
  [[1, 9, 9, 8], 4, { k: 5 }],
  [[1, 20, 17, 26], 140, {}],
  [[1, 7, 8, 5], 9, { k: 2, stride: 3, padding: 0 }],
  [[1, 9, 8, 4], 6, { k: 1, stride: 2 }],
  [[2, 7, 13, 32], 3, {}],
  [[1, 18, 31, 16], 50, {}],
  [[0, 8, 8, 32], 32, {}],
  [[1, 9, 11, 6], 8, { k: [1, 7] }],
  [[1, 7, 6, 4], 5, { k: 1, padding: 1 }],
  [[2, 8, 9, 5], 6, { stride: [2, 1], padding: [[0, 1], [2, 0]] }],
  [[1, 19, 17, 3], 8, { k: 11, stride: 4, padding: 2 }],
  [[2, 9, 5], 6, { stride: 2 }],
  [[2, 4, 5, 6, 4], 6, { padding: [causal(3), [1, 1], [1, 1]] }],
  [[1, 5, 6, 5, 3], 4, { k: [3, 2, 3], stride: [2, 1, 2], padding: [causal(3), [1, 0], [1, 1]] }],
  [[1, 4, 12, 12, 16], 32, { padding: [causal(3), [1, 1], [1, 1]] }],
  [[2, 3, 12, 12, 16], 32, { k: [1, 3, 3] }],
  [[1, 5, 12, 12, 16], 16, { stride: [2, 1, 1], padding: [causal(3), [1, 1], [1, 1]] }],
] as [Shape, number, Sizes][]).map(([x, outputs, sizes]) => ({ x, outputs, window: windowOf(x, sizes) }));

function resultOf({ x, outputs, window }: GradCase): Shape {
  return [x[0]!, ...outputSizes(x.slice(1, -1), window), outputs];
}

/** Gradients of convolutions by their inputs. */
export const inputGradCases: readonly CaseSpec<"conv_input_grad">[] = grads.map((conv) => {
  const { x, outputs, window: { kernel, stride, padding } } = conv;
  return {
    operands: { dy: given(resultOf(conv)), weight: weight([outputs, x.at(-1)!, ...kernel]) },
    attrs: { stride, padding, size: x.slice(1, -1) },
  };
});

/** Gradients of convolutions by their weights. */
export const weightGradCases: readonly CaseSpec<"conv_weight_grad">[] = grads.flatMap((conv) => {
  const { x, window } = conv, channels = x.at(-1)!, operands = { x: given(x), dy: given(resultOf(conv)) };
  const affine = given([x[0]!, 2, channels], { offset: 0.5 });
  const normed = [true, false].map((swish) => ({
    operands: { ...operands, affine },
    attrs: { ...window, swish },
  }));
  return [{ operands, attrs: window }, ...channels % 4 === 0 ? normed : []];
});
