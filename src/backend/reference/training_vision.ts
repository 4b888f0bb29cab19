import type { Attrs, Spec } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { channelAffine } from "./vision.ts";
import { floats, swish, type Values } from "./values.ts";

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
  { x: given, dy, affine }: Values<"conv2d_weight_grad">,
  { stride, padding, kernel, swish = false }: Attrs<"conv2d_weight_grad">,
  spec: Spec,
): HostTensor {
  const x = affine ? channelAffine(given, { affine, spec: given, swish }) : given;
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

/** What flows back through swish(x·a + b), by element; dy itself where there is no activation. */
function throughActivation(x: HostTensor, dy: HostTensor, activation?: HostTensor): ArrayLike<number> {
  if (!activation) return dy.data;
  const channels = x.shape[3]!, image = x.data.length / x.shape[0]!;
  return Array.from(x.data, (value, i) => {
    const at = Math.floor(i / image) * 2 * channels + i % channels;
    const y = value * activation.data[at]! + activation.data[at + channels]!, s = 1 / (1 + Math.exp(-y));
    return dy.data[i]! * (s + swish(y) * (1 - s));
  });
}

/** Σ dy and Σ dy·(x·a + b) over the positions of each image, by channel. */
export function channelSums(
  { x, dy, affine, activation }: Values<"channel_sums">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const channels = x.shape[3]!, sums = new Float64Array(affine.data.length);
  const image = x.data.length / x.shape[0]!, slopes = throughActivation(x, dy, activation);
  x.data.forEach((value, i) => {
    const at = Math.floor(i / image) * 2 * channels + i % channels;
    sums[at]! += slopes[i]!;
    sums[at + channels]! += slopes[i]! * (value * affine.data[at]! + affine.data[at + channels]!);
  });
  return floats(spec.shape, sums);
}

/** The gradient of `group_norm` by x. */
export function groupNormGrad(
  { x, dy, affine, sums, weight, activation }: Values<"group_norm_grad">,
  { groups }: Attrs<"group_norm_grad">,
  spec: Spec,
): HostTensor {
  const [n, height, width, channels] = x.shape as [number, number, number, number];
  const perImage = height * width * channels, size = channels / groups, count = height * width * size;
  const result = floats(spec.shape), slopes = throughActivation(x, dy, activation);
  const weightOf = (image: number, c: number) =>
    weight.data[(weight.shape.length === 2 ? image * channels : 0) + c]!;
  for (let image = 0; image < n; image++) {
    for (let group = 0; group < groups; group++) {
      let plain = 0, normed = 0;
      for (let c = group * size; c < (group + 1) * size; c++) {
        const at = 2 * image * channels + c;
        plain += weightOf(image, c) * sums.data[at]! / count;
        normed += weightOf(image, c) * sums.data[at + channels]! / count;
      }
      for (let i = 0; i < count; i++) {
        const c = group * size + i % size, at = 2 * image * channels + c;
        const element = image * perImage + Math.floor(i / size) * channels + c, r = affine.data[at]!;
        const hat = x.data[element]! * r + affine.data[at + channels]!;
        result.data[element] = r * (weightOf(image, c) * slopes[element]! - plain - hat * normed);
      }
    }
  }
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
