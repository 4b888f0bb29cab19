import type { Attrs, Spec } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { floats, type Values } from "./values.ts";

/** A convolution of x `[N,H,W,C]` to `[N,H',W',O]`, as its gradients see it. */
interface Extent {
  readonly x: readonly number[];
  readonly dy: readonly number[];
  readonly kernel: readonly [number, number];
  readonly stride: number;
  readonly padding: number;
}

/** Visits every pair of an input pixel and an output pixel that a tap joins, by the indices of their first channels. */
function forEachTap(
  { x, dy, kernel: [kh, kw], stride, padding }: Extent,
  visit: (x: number, dy: number, tap: number) => void,
): void {
  const [n, h, w, channels] = x as [number, number, number, number];
  const [, outH, outW, outputs] = dy as [number, number, number, number];
  for (let pixel = 0; pixel < n * outH * outW; pixel++) {
    const image = Math.floor(pixel / outW / outH);
    const row = Math.floor(pixel / outW) % outH * stride - padding, column = pixel % outW * stride - padding;
    for (let tap = 0; tap < kh * kw; tap++) {
      const y = row + Math.floor(tap / kw), z = column + tap % kw;
      if (y < 0 || y >= h || z < 0 || z >= w) continue;
      visit(((image * h + y) * w + z) * channels, pixel * outputs, tap);
    }
  }
}

/** Convolution's gradient by its input. */
export function inputGrad(
  { dy, weight }: Values<"conv2d_input_grad">,
  { stride, padding }: Attrs<"conv2d_input_grad">,
  spec: Spec,
): HostTensor {
  const [outputs, channels, kh, kw] = weight.shape as [number, number, number, number];
  const sums = new Float64Array(sizeOf(spec.shape)), taps = kh * kw;
  forEachTap({ x: spec.shape, dy: dy.shape, kernel: [kh, kw], stride, padding }, (x, pixel, tap) => {
    for (let o = 0; o < outputs; o++) {
      const d = dy.data[pixel + o]!;
      for (let c = 0, w = o * channels * taps + tap; c < channels; c++, w += taps) {
        sums[x + c]! += d * weight.data[w]!;
      }
    }
  });
  return floats(spec.shape, sums);
}

/** Convolution's gradient by its weight. */
export function weightGrad(
  { x, dy }: Values<"conv2d_weight_grad">,
  { stride, padding, kernel }: Attrs<"conv2d_weight_grad">,
  spec: Spec,
): HostTensor {
  const channels = x.shape[3]!, outputs = dy.shape[3]!, taps = kernel[0] * kernel[1];
  const sums = new Float64Array(sizeOf(spec.shape));
  forEachTap({ x: x.shape, dy: dy.shape, kernel, stride, padding }, (from, pixel, tap) => {
    for (let o = 0; o < outputs; o++) {
      const d = dy.data[pixel + o]!;
      for (let c = 0, w = o * channels * taps + tap; c < channels; c++, w += taps) {
        sums[w]! += d * x.data[from + c]!;
      }
    }
  });
  return floats(spec.shape, sums);
}

/** Σ dy and Σ dy·(x·a + b) over the positions of each picture, by channel. */
export function channelSums({ x, dy, affine }: Values<"channel_sums">, _: unknown, spec: Spec): HostTensor {
  const channels = x.shape[3]!, sums = new Float64Array(affine.data.length);
  const picture = x.data.length / x.shape[0]!;
  x.data.forEach((value, i) => {
    const at = Math.floor(i / picture) * 2 * channels + i % channels;
    sums[at]! += dy.data[i]!;
    sums[at + channels]! += dy.data[i]! * (value * affine.data[at]! + affine.data[at + channels]!);
  });
  return floats(spec.shape, sums);
}

/** dy·f0 + (x·a + b)·f1 + f2 by channel. */
export function channelCombine(
  { x, dy, affine, factors }: Values<"channel_combine">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const channels = x.shape[3]!, picture = x.data.length / x.shape[0]!, result = floats(spec.shape);
  x.data.forEach((value, i) => {
    const n = Math.floor(i / picture),
      at = 2 * n * channels + i % channels,
      f = 3 * n * channels + i % channels;
    const normed = value * affine.data[at]! + affine.data[at + channels]!;
    result.data[i] = dy.data[i]! * factors.data[f]! + normed * factors.data[f + channels]! +
      factors.data[f + 2 * channels]!;
  });
  return result;
}

/** For each output of a 2×2 pooling, the index of the element of x that it takes. NaN wins, then the first. */
function largest({ shape, data }: HostTensor, visit: (out: number, from: number) => void): void {
  const [n, h, w, channels] = shape as [number, number, number, number];
  const outH = h >> 1, outW = w >> 1;
  for (let i = 0; i < n * outH * outW * channels; i++) {
    const c = i % channels, column = Math.floor(i / channels) % outW;
    const row = Math.floor(i / channels / outW) % outH, image = Math.floor(i / channels / outW / outH);
    const first = ((image * h + 2 * row) * w + 2 * column) * channels + c;
    let best = first;
    for (const at of [first + channels, first + w * channels, first + (w + 1) * channels]) {
      if (data[at]! > data[best]! || Number.isNaN(data[at]!)) best = at;
    }
    visit(i, best);
  }
}

/** The largest of each 2×2 block. */
export function maxPool({ x }: Values<"max_pool">, _: unknown, spec: Spec): HostTensor {
  const result = floats(spec.shape);
  largest(x, (i, from) => result.data[i] = x.data[from]!);
  return result;
}

/** The gradient of each block goes to its largest element. */
export function maxPoolGrad({ x, dy }: Values<"max_pool_grad">, _: unknown, spec: Spec): HostTensor {
  const result = floats(spec.shape);
  largest(x, (i, from) => result.data[from] = dy.data[i]!);
  return result;
}
