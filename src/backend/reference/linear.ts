import type { Attrs, Spec } from "../../graph/ops.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { floats, swish, type Values } from "./values.ts";

/** A product with a weight matrix, with its fused prologue (rms_norm) and epilogue (swiglu, residual). */
export function linear(
  { x, weight, bias, norm, up, residual }: Values<"linear">,
  { eps }: Attrs<"linear">,
  spec: Spec,
): HostTensor<"f32"> {
  const prepared = norm ? rmsNorm(x, { weight: norm, eps: eps! }) : x;
  const result = floats(spec.shape, product(prepared.data, weight));
  const { data } = result;
  if (bias) data.forEach((_, i) => data[i]! += bias.data[i % bias.data.length]!);
  if (up) {
    const gated = product(prepared.data, up);
    data.forEach((gate, i) => data[i] = swish(gate) * gated[i]!);
  }
  residual?.data.forEach((value, i) => data[i]! += value);
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

function product(x: Float32Array | Uint32Array, weight: HostTensor): Float32Array {
  const [outputs, channels] = weight.shape as [number, number];
  const rows = x.length / channels, w = weight.data;
  const result = floats([rows * outputs]).data;
  for (let row = 0; row < rows; row++) {
    const values = x.subarray(row * channels, (row + 1) * channels);
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let c = 0, at = o * channels; c < channels; c++, at++) sum += values[c]! * w[at]!;
      result[row * outputs + o] = sum;
    }
  }
  return result;
}
