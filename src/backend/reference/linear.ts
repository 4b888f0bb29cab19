import type { Attrs, Spec } from "../../graph/ops.ts";
import type { LinearOps } from "../../graph/ops/linear.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { rmsNorm } from "./norm.ts";
import { type Evaluators, floats, swish, type Values } from "./values.ts";

/** What the ops of products and embeddings compute. */
export const linearEvaluators: Evaluators<keyof LinearOps> = {
  linear,
  matmul: ({ a, b }, { transposeA, transposeB }, spec) => {
    const [batches, rows, columns] = spec.shape as [number, number, number];
    const inner = a.shape[transposeA ? 1 : 2]!, result = floats(spec.shape);
    const [stepA, alongA] = transposeA ? [1, rows] : [inner, 1];
    const [stepB, alongB] = transposeB ? [inner, 1] : [1, columns];
    for (let i = 0; i < batches * rows * columns; i++) {
      const batch = Math.floor(i / columns / rows), row = Math.floor(i / columns) % rows;
      let p = batch * rows * inner + row * stepA, q = batch * inner * columns + i % columns * stepB, sum = 0;
      for (let k = 0; k < inner; k++, p += alongA, q += alongB) sum += a.data[p]! * b.data[q]!;
      result.data[i] = sum;
    }
    return result;
  },
  embedding,
  embedding_grad: embeddingGrad,
};

/** A product with a weight matrix, with its fused prologue (rms_norm) and epilogue (swiglu, residual). */
function linear(
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

/** Rows of the table by index; an index beyond it reads the last row. */
function embedding(
  { table, index }: Values<"embedding">,
  _: Attrs<"embedding">,
  spec: Spec,
): HostTensor<"f32"> {
  const [vocabSize, width] = table.shape as [number, number];
  const result = floats(spec.shape);
  index.data.forEach((word, i) => {
    const row = Math.min(word, vocabSize - 1) * width;
    result.data.set(table.data.subarray(row, row + width), i * width);
  });
  return result;
}

/** Rows of dy, added to the row of the table that their index picks. */
function embeddingGrad(
  { index, dy }: Values<"embedding_grad">,
  { vocabSize }: Attrs<"embedding_grad">,
  spec: Spec,
): HostTensor {
  const width = spec.shape[1]!, sums = new Float64Array(vocabSize * width);
  index.data.forEach((word, i) => {
    const row = Math.min(word, vocabSize - 1) * width;
    for (let c = 0; c < width; c++) sums[row + c]! += dy.data[i * width + c]!;
  });
  return floats(spec.shape, sums);
}
