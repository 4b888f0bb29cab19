import type { Attrs, Spec } from "../../graph/ops.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { floats, swish, type Values } from "./values.ts";

/** Convolution with its fused prologue (affine, swish) and epilogue (bias, residual, depth-to-space). */
export function conv2d(
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

/** The scale and shift `[N,2,C]` by which group normalisation acts on each channel. */
export function groupNormAffine(
  { x, weight, bias }: Values<"group_norm_affine">,
  { groups, eps }: Attrs<"group_norm_affine">,
): HostTensor<"f32"> {
  const n = x.shape[0]!, channels = x.shape.at(-1)!;
  const positions = x.data.length / n / channels, width = channels / groups;
  const result = floats([n, 2, channels]);
  const stride = weight.shape.length === 2 ? channels : 0;
  for (let image = 0; image < n; image++) {
    for (let group = 0; group < groups; group++) {
      const values = new Float64Array(positions * width);
      for (let i = 0; i < values.length; i++) {
        const position = Math.floor(i / width), channel = group * width + i % width;
        values[i] = x.data[(image * positions + position) * channels + channel]!;
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      for (let c = group * width; c < (group + 1) * width; c++) {
        const scale = weight.data[image * stride + c]! / Math.sqrt(variance + eps);
        result.data[image * 2 * channels + c] = scale;
        result.data[(image * 2 + 1) * channels + c] = bias.data[image * stride + c]! - mean * scale;
      }
    }
  }
  return result;
}

/** out[2h+a, 2w+b, c] = x[h, w, (2a+b)·C + c]. */
export function depthToSpace(x: HostTensor, shape: Shape): HostTensor<"f32"> {
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

/** x·a + b by channel, then swish where asked. */
export function channelAffine(
  x: HostTensor,
  { affine, spec, swish: activate }: { affine: HostTensor; spec: Spec; swish: boolean },
): HostTensor {
  const result = floats(spec.shape);
  const channels = x.shape.at(-1)!, image = x.data.length / x.shape[0]!;
  for (let i = 0; i < x.data.length; i++) {
    const scale = Math.floor(i / image) * 2 * channels + i % channels;
    const value = x.data[i]! * affine.data[scale]! + affine.data[scale + channels]!;
    result.data[i] = activate ? swish(value) : value;
  }
  return result;
}
