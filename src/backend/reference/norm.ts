import type { Attrs, Spec } from "../../graph/ops.ts";
import type { NormOps } from "../../graph/ops/norm.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { type Evaluators, floats, swish, type Values } from "./values.ts";

/** What the ops of normalization compute. */
export const normEvaluators: Evaluators<keyof NormOps> = {
  group_norm: ({ x, weight, bias }, attrs, spec) => {
    const affine = groupNormAffine({ x, weight, bias }, attrs);
    return channelAffine(x, { affine, spec, swish: false });
  },
  group_norm_affine: (inputs, attrs) => groupNormAffine(inputs, attrs),
  channel_affine: ({ x, affine }, { swish }, spec) => channelAffine(x, { affine, spec, swish }),
  channel_sums: channelSums,
  group_norm_grad: groupNormGrad,
  rms_norm: ({ x, weight }, { eps }) => rmsNorm(x, { weight, eps }),
  rms_norm_grad: rmsNormGrad,
  rms_norm_weight_grad: rmsNormWeightGrad,
};

/** The scale and shift `[N,2,C]` by which group normalisation acts on each channel. */
function groupNormAffine(
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

/** x·a + b by channel, then swish if `swish`. */
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

/** What flows back through swish(x·a + b), by element; dy itself where there is no activation. */
function throughActivation(x: HostTensor, dy: HostTensor, activation?: HostTensor): ArrayLike<number> {
  if (!activation) return dy.data;
  const channels = x.shape.at(-1)!, image = x.data.length / x.shape[0]!;
  return Array.from(x.data, (value, i) => {
    const at = Math.floor(i / image) * 2 * channels + i % channels;
    const y = value * activation.data[at]! + activation.data[at + channels]!, s = 1 / (1 + Math.exp(-y));
    return dy.data[i]! * (s + swish(y) * (1 - s));
  });
}

/** Σ dy and Σ dy·(x·a + b) over the positions of each image, by channel. */
function channelSums(
  { x, dy, affine, activation }: Values<"channel_sums">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const channels = x.shape.at(-1)!, sums = new Float64Array(affine.data.length);
  const image = x.data.length / x.shape[0]!, slopes = throughActivation(x, dy, activation);
  x.data.forEach((value, i) => {
    const at = Math.floor(i / image) * 2 * channels + i % channels;
    sums[at]! += slopes[i]!;
    sums[at + channels]! += slopes[i]! * (value * affine.data[at]! + affine.data[at + channels]!);
  });
  return floats(spec.shape, sums);
}

/** The gradient of `group_norm` by x. */
function groupNormGrad(
  { x, dy, affine, sums, weight, activation }: Values<"group_norm_grad">,
  { groups }: Attrs<"group_norm_grad">,
  spec: Spec,
): HostTensor {
  const n = x.shape[0]!, channels = x.shape.at(-1)!, size = channels / groups;
  const perImage = sizeOf(x.shape.slice(1)), count = perImage / groups;
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

/** x / sqrt(mean(x²) + eps) · weight over the last axis. */
export function rmsNorm(
  x: HostTensor,
  { weight, eps }: { weight: HostTensor; eps: number },
): HostTensor<"f32"> {
  const width = weight.data.length, result = floats(x.shape);
  for (let row = 0; row < x.data.length; row += width) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += x.data[row + i]! ** 2;
    const scale = 1 / Math.sqrt(squares / width + eps);
    for (let i = 0; i < width; i++) result.data[row + i] = x.data[row + i]! * scale * weight.data[i]!;
  }
  return result;
}

/** The gradient of RMSNorm by x, row by row. */
function rmsNormGrad(
  { x, weight, dy }: Values<"rms_norm_grad">,
  { eps }: Attrs<"rms_norm_grad">,
  spec: Spec,
): HostTensor {
  const width = weight.data.length, result = floats(spec.shape);
  for (let at = 0; at < x.data.length; at += width) {
    const r = inverseRoot(x.data.subarray(at, at + width), eps);
    let mean = 0;
    for (let c = 0; c < width; c++) mean += weight.data[c]! * dy.data[at + c]! * x.data[at + c]! * r / width;
    for (let c = 0; c < width; c++) {
      result.data[at + c] = r * (weight.data[c]! * dy.data[at + c]! - x.data[at + c]! * r * mean);
    }
  }
  return result;
}

/** The gradient of RMSNorm by its weight. */
function rmsNormWeightGrad(
  { x, dy }: Values<"rms_norm_weight_grad">,
  { eps }: Attrs<"rms_norm_weight_grad">,
  spec: Spec,
): HostTensor {
  const width = spec.shape[0]!, sums = new Float64Array(width);
  for (let at = 0; at < x.data.length; at += width) {
    const r = inverseRoot(x.data.subarray(at, at + width), eps);
    for (let c = 0; c < width; c++) sums[c]! += dy.data[at + c]! * x.data[at + c]! * r;
  }
  return floats(spec.shape, sums);
}

/** 1/√(mean x² + eps) */
function inverseRoot(row: Float32Array | Uint32Array, eps: number): number {
  let squares = 0;
  row.forEach((value) => squares += value * value);
  return 1 / Math.sqrt(squares / row.length + eps);
}
