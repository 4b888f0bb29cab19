import type { Attrs, Spec } from "../../graph/ops.ts";
import type { ConvOps } from "../../graph/ops/conv.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { channelAffine } from "./norm.ts";
import { type Evaluators, floats, swish, type Values } from "./values.ts";

/** What the ops of convolution and pooling compute. */
export const convEvaluators: Evaluators<keyof ConvOps> = {
  conv2d,
  conv2d_input_grad: inputGrad,
  conv2d_weight_grad: weightGrad,
  depth_to_space: ({ x }, _, spec) => depthToSpace(x, spec.shape),
  max_pool: maxPool,
  max_pool_grad: maxPoolGrad,
};

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

/** Convolution with its fused prologue (affine, swish) and epilogue (bias, residual, depth-to-space). */
function conv2d(
  { x, weight, bias, affine, residual }: Values<"conv2d">,
  { stride, padding, swish: activate, depthToSpace: rearrange }: Attrs<"conv2d">,
  spec: Spec,
): HostTensor {
  const [n, h, w, channels] = x.shape as [number, number, number, number];
  const [outputs, , kh, kw] = weight.shape as [number, number, number, number];
  const outH = Math.floor((h + 2 * padding - kh) / stride) + 1;
  const outW = Math.floor((w + 2 * padding - kw) / stride) + 1;
  const prepared = prologue(x, { affine, activate });
  let result = floats([n, outH, outW, outputs]);
  let i = 0;
  for (let image = 0; image < n; image++) {
    for (let row = 0; row < outH; row++) {
      for (let column = 0; column < outW; column++) {
        for (let o = 0; o < outputs; o++) {
          let sum = bias?.data[o] ?? 0;
          for (let a = 0; a < kh; a++) {
            const y = row * stride + a - padding;
            if (y < 0 || y >= h) continue;
            for (let b = 0; b < kw; b++) {
              const z = column * stride + b - padding;
              if (z < 0 || z >= w) continue;
              const pixel = ((image * h + y) * w + z) * channels;
              const kernel = o * channels * kh * kw + a * kw + b;
              for (let c = 0; c < channels; c++) {
                sum += prepared[pixel + c]! * weight.data[kernel + c * kh * kw]!;
              }
            }
          }
          result.data[i++] = sum;
        }
      }
    }
  }
  if (rearrange) result = depthToSpace(result, spec.shape) as typeof result;
  residual?.data.forEach((value, at) => result.data[at]! += value);
  return result;
}

function prologue(
  x: HostTensor,
  { affine, activate }: { affine?: HostTensor; activate?: boolean },
): Float32Array | Uint32Array {
  if (!affine) return x.data;
  const channels = x.shape.at(-1)!, image = x.data.length / x.shape[0]!;
  const prepared = floats(x.shape, x.data.slice()).data;
  x.data.forEach((value, i) => {
    const scale = Math.floor(i / image) * 2 * channels + i % channels;
    const shifted = value * affine.data[scale]! + affine.data[scale + channels]!;
    prepared[i] = activate ? swish(shifted) : shifted;
  });
  return prepared;
}

/** out[2h+a, 2w+b, c] = x[h, w, (2a+b)·C + c]. */
function depthToSpace(x: HostTensor, shape: Shape): HostTensor<"f32"> {
  const [, height, width, channels] = shape as [number, number, number, number];
  const result = floats(shape);
  for (let i = 0; i < result.data.length; i++) {
    const c = i % channels, column = Math.floor(i / channels) % width;
    const row = Math.floor(i / channels / width) % height;
    const image = Math.floor(i / channels / width / height);
    const cell = (image * (height / 2) + Math.floor(row / 2)) * (width / 2) + Math.floor(column / 2);
    result.data[i] = x.data[cell * 4 * channels + (2 * (row % 2) + column % 2) * channels + c]!;
  }
  return result;
}

/** Convolution's gradient by its input. */
function inputGrad(
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
function weightGrad(
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
function maxPool({ x }: Values<"max_pool">, _: unknown, spec: Spec): HostTensor {
  const result = floats(spec.shape);
  largest(x, (i, from) => result.data[i] = x.data[from]!);
  return result;
}

/** The gradient of each block goes to its largest element. */
function maxPoolGrad({ x, dy }: Values<"max_pool_grad">, _: unknown, spec: Spec): HostTensor {
  const result = floats(spec.shape);
  largest(x, (i, from) => result.data[from] = dy.data[i]!);
  return result;
}
