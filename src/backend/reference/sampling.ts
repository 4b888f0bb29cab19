import type { Attrs, Spec } from "../../graph/ops.ts";
import type { SamplingOps } from "../../graph/ops/sampling.ts";
import { philox4x32 } from "../../tensor/philox.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { Evaluators, Values } from "./values.ts";

/** What the ops of sampling compute. */
export const samplingEvaluators: Evaluators<keyof SamplingOps> = {
  philox,
  guide,
  sample,
};

/** Random words `[n,4]` by counter. */
export function philox(
  { key, counter }: Values<"philox">,
  _: Attrs<"philox">,
  spec: Spec,
): HostTensor<"u32"> {
  const result = u32Tensor(spec.shape);
  for (let n = 0; n < spec.shape[0]!; n++) {
    const words = philox4x32(key.data.subarray(2 * n), counter.data.subarray(4 * n));
    result.data.set(words, 4 * n);
  }
  return result;
}

/** uncond + scale·(cond − uncond). */
export function guide(
  { logits, scale }: Values<"guide">,
  _: Attrs<"guide">,
  spec: Spec,
): HostTensor<"f32"> {
  const result = f32Tensor(spec.shape), { length } = result.data, vocabSize = spec.shape[1]!;
  result.data.forEach((_, i) => {
    const uncond = logits.data[length + i]!;
    // Rounded at each step, so that backends agree to the last bit and sample the same tokens.
    const difference = Math.fround(logits.data[i]! - uncond);
    result.data[i] = uncond + Math.fround(scale.data[Math.floor(i / vocabSize)]! * difference);
  });
  return result;
}

/** Samples a token from each row. */
function sample(
  { logits, temperature, topK, topP, random }: Values<"sample">,
  { word, repeat }: Attrs<"sample">,
  spec: Spec,
): HostTensor<"u32"> {
  const [n, vocabSize] = logits.shape as [number, number];
  const result = u32Tensor(spec.shape);
  for (let row = 0; row < n; row++) {
    const sampled = sampleRow(
      (logits.data as Float32Array).subarray(row * vocabSize, (row + 1) * vocabSize),
      {
        temperature: temperature.data[row]!,
        topK: topK.data[row]!,
        topP: topP.data[row]!,
        random: random.data[4 * row + word]!,
      },
    );
    for (let copy = 0; copy < repeat; copy++) result.data[copy * n + row] = sampled;
  }
  return result;
}

/** The token that stands for logits that are not numbers. */
const invalid = 0xffffffff;

function sampleRow(
  logits: Float32Array,
  { random, ...settings }: { temperature: number; topK: number; topP: number; random: number },
): number {
  if (logits.some(Number.isNaN)) return invalid;
  if (settings.temperature === 0) return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
  const weights = keptWeights(logits, settings);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const target = (random >>> 8) / 2 ** 24 * total;
  let sum = 0;
  const sampled = weights.findIndex((weight) => (sum += weight) > target);
  return sampled < 0 ? invalid : sampled;
}

/** By token, exp(y − max y) where temperature, top-k and top-p keep it, else 0; not normalised. */
export function keptWeights(
  logits: Float32Array,
  { temperature, topK, topP }: { temperature: number; topK: number; topP: number },
): Float64Array {
  const y = logits.map((logit) => logit / temperature);
  const order = Array.from(y.keys()).sort((a, b) => y[b]! - y[a]! || a - b);
  const threshold = topK > 0 && topK < y.length ? y[order[topK - 1]!]! : -Infinity;
  const largest = y[order[0]!]!;
  const weights = Float64Array.from(y, (value) => value >= threshold ? exp(value - largest) : 0);
  if (topP >= 1) return weights;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  for (const i of order) {
    const weight = weights[i]!;
    if (before > topP * total) weights[i] = 0;
    before += weight;
  }
  return weights;
}

/**
 * exp(x) for x ≤ 0 in f64 steps that every backend can take exactly: x = n·ln 2 + r, exp(r) by its series to
 * degree 12 (relative error below 1e-15), no fused operations. `Math.exp` differs between engines in the last bit.
 */
export function exp(x: number): number {
  if (!(x > -700)) return 0;
  const n = Math.floor(x * 1.4426950408889634 + 0.5);
  const r = x - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
  return series.reduce((sum, term) => sum * r + term, 0) * 2 ** n;
}

/** 1/k! for k from 12 down to 0. */
const series: readonly number[] = [
  1 / 479001600,
  1 / 39916800,
  1 / 3628800,
  1 / 362880,
  1 / 40320,
  1 / 5040,
  1 / 720,
  1 / 120,
  1 / 24,
  1 / 6,
  1 / 2,
  1,
  1,
];
