import type { Attrs, Spec } from "../../graph/ops.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { floats, type Values } from "./values.ts";

/** Rows of dy, added to the row of the table that their index picks. */
export function embeddingGrad(
  { index, dy }: Values<"embedding_grad">,
  { words }: Attrs<"embedding_grad">,
  spec: Spec,
): HostTensor {
  const width = spec.shape[1]!, sums = new Float64Array(words * width);
  index.data.forEach((word, i) => {
    const row = Math.min(word, words - 1) * width;
    for (let c = 0; c < width; c++) sums[row + c]! += dy.data[i * width + c]!;
  });
  return floats(spec.shape, sums);
}

/** The gradient of causal attention by q, k and v, its probabilities computed again. */
export function attentionGrad(
  { qkv, dy }: Values<"attention_grad">,
  { heads }: Attrs<"attention_grad">,
  spec: Spec,
): HostTensor {
  const [sequences, positions, width] = dy.shape as [number, number, number];
  const head = width / heads, scale = 1 / Math.sqrt(head);
  const sums = new Float64Array(qkv.data.length);
  for (let b = 0; b < sequences; b++) {
    for (let h = 0; h < heads; h++) {
      const at = (position: number, which: number) =>
        ((b * positions + position) * 3 + which) * width + h * head;
      const dot = (x: ArrayLike<number>, p: number, y: ArrayLike<number>, q: number) => {
        let sum = 0;
        for (let c = 0; c < head; c++) sum += x[p + c]! * y[q + c]!;
        return sum;
      };
      for (let p = 0; p < positions; p++) {
        const out = (b * positions + p) * width + h * head;
        const scores = Array.from(
          { length: p + 1 },
          (_, i) => scale * dot(qkv.data, at(p, 0), qkv.data, at(i, 1)),
        );
        const most = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - most));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const slopes = weights.map((_, i) => dot(dy.data, out, qkv.data, at(i, 2)));
        const average = weights.reduce((sum, weight, i) => sum + weight / total * slopes[i]!, 0);
        weights.forEach((weight, i) => {
          const probability = weight / total, ds = probability * (slopes[i]! - average) * scale;
          for (let c = 0; c < head; c++) {
            sums[at(p, 0) + c]! += ds * qkv.data[at(i, 1) + c]!;
            sums[at(i, 1) + c]! += ds * qkv.data[at(p, 0) + c]!;
            sums[at(i, 2) + c]! += probability * dy.data[out + c]!;
          }
        });
      }
    }
  }
  return floats(spec.shape, sums);
}

/** The negated log-probability of each row's target. */
export function crossEntropy(
  { logits, target }: Values<"cross_entropy">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const words = logits.shape[1]!, result = floats(spec.shape);
  target.data.forEach((word, r) => {
    const row = logits.data.subarray(r * words, (r + 1) * words);
    const { most, total } = exponentials(row);
    result.data[r] = most + Math.log(total) - row[Math.min(word, words - 1)]!;
  });
  return result;
}

/** (softmax − the target) · dy by row; the loss gives the softmax's total. */
export function crossEntropyGrad(
  { logits, target, loss, dy }: Values<"cross_entropy_grad">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const words = logits.shape[1]!, result = floats(spec.shape);
  target.data.forEach((word, r) => {
    const row = logits.data.subarray(r * words, (r + 1) * words), hit = Math.min(word, words - 1);
    const total = loss.data[r]! + row[hit]!;
    row.forEach((value, i) => {
      result.data[r * words + i] = (Math.exp(value - total) - (i === hit ? 1 : 0)) * dy.data[r]!;
    });
  });
  return result;
}

function exponentials(row: Float32Array | Uint32Array): { most: number; total: number } {
  let most = -Infinity, total = 0;
  row.forEach((value) => most = Math.max(most, value));
  row.forEach((value) => total += Math.exp(value - most));
  return { most, total };
}

/** The gradient of RMSNorm by x, row by row. */
export function rmsNormGrad(
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
export function rmsNormWeightGrad(
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
