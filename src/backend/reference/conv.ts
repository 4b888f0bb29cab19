import type { Attrs, Spec } from "../../graph/ops.ts";
import type { ConvOps } from "../../graph/ops/conv.ts";
import { outputSizes } from "../../graph/window.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { volumeOf, volumeWindow } from "../volume.ts";
import { channelAffine } from "./norm.ts";
import { type Evaluators, floats, type Values } from "./values.ts";
import { forEachTap } from "./windows.ts";

/** What the ops of convolution compute. */
export const convEvaluators: Evaluators<keyof ConvOps> = {
  conv,
  conv_input_grad: convInputGrad,
  conv_weight_grad: convWeightGrad,
  depth_to_space: ({ x }, _, spec) => depthToSpace(x, spec.shape),
};

/** Convolution with its fused prologue (affine, swish) and epilogue (bias, residual, depth-to-space). */
function conv(
  { x: given, weight, bias, affine, residual }: Values<"conv">,
  { swish = false, depthToSpace: rearrange, ...attrs }: Attrs<"conv">,
  spec: Spec,
): HostTensor {
  const x = affine ? channelAffine(given, { affine, spec: given, swish }) : given;
  const [outputs, channels, ...kernel] = weight.shape as [number, number, ...number[]], taps = sizeOf(kernel);
  const sizes = outputSizes(x.shape.slice(1, -1), { ...attrs, kernel });
  const out = [x.shape[0]!, ...sizes, outputs], sums = new Float64Array(sizeOf(out));
  if (bias) sums.forEach((_, i) => sums[i] = bias.data[i % outputs]!);
  const window = volumeWindow({ ...attrs, kernel });
  forEachTap({ x: volumeOf(x.shape), out: volumeOf(out), ...window }, (from, to, tap) => {
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let c = 0, w = o * channels * taps + tap; c < channels; c++, w += taps) {
        sum += x.data[from * channels + c]! * weight.data[w]!;
      }
      sums[to * outputs + o]! += sum;
    }
  });
  const y = floats(out, sums), result = rearrange ? depthToSpace(y, spec.shape) : y;
  residual?.data.forEach((value, at) => result.data[at]! += value);
  return result;
}

/** Convolution's gradient by its input. */
function convInputGrad(
  { dy, weight }: Values<"conv_input_grad">,
  attrs: Attrs<"conv_input_grad">,
  spec: Spec,
): HostTensor {
  const [outputs, channels, ...kernel] = weight.shape as [number, number, ...number[]], taps = sizeOf(kernel);
  const sums = new Float64Array(sizeOf(spec.shape)), window = volumeWindow({ ...attrs, kernel });
  forEachTap({ x: volumeOf(spec.shape), out: volumeOf(dy.shape), ...window }, (from, to, tap) => {
    for (let o = 0; o < outputs; o++) {
      const d = dy.data[to * outputs + o]!;
      for (let c = 0, w = o * channels * taps + tap; c < channels; c++, w += taps) {
        sums[from * channels + c]! += d * weight.data[w]!;
      }
    }
  });
  return floats(spec.shape, sums);
}

/** Convolution's gradient by its weight. */
function convWeightGrad(
  { x: given, dy, affine }: Values<"conv_weight_grad">,
  { swish = false, ...attrs }: Attrs<"conv_weight_grad">,
  spec: Spec,
): HostTensor {
  const x = affine ? channelAffine(given, { affine, spec: given, swish }) : given;
  const channels = x.shape.at(-1)!, outputs = dy.shape.at(-1)!, taps = sizeOf(attrs.kernel);
  const sums = new Float64Array(sizeOf(spec.shape)), window = volumeWindow(attrs);
  forEachTap({ x: volumeOf(x.shape), out: volumeOf(dy.shape), ...window }, (from, to, tap) => {
    for (let o = 0; o < outputs; o++) {
      const d = dy.data[to * outputs + o]!;
      for (let c = 0, w = o * channels * taps + tap; c < channels; c++, w += taps) {
        sums[w]! += d * x.data[from * channels + c]!;
      }
    }
  });
  return floats(spec.shape, sums);
}

/** out[2h+a, 2w+b, c] = x[h, w, (2a+b)·C + c]. */
function depthToSpace(x: HostTensor, shape: Shape): HostTensor<"f32"> {
  const [height, width, channels] = shape.slice(-3) as [number, number, number];
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
