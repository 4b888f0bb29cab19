import { add, concat, constant, linear, mul, slice } from "../../graph/build.ts";
import { exp, log, matmul, sum, total } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import { f32Tensor } from "../../tensor/tensor.ts";

/** What bits of N positions, each 1 or 0, tell: −log of both probabilities, `[N,bits]`. */
export interface Surprise {
  readonly one: Tensor;
  readonly zero: Tensor;
}

/** Bits whose distribution is written out, as `2^bits` columns. */
const most = 10;
const eps = 1e-5;

/**
 * The entropy −Σ q·log(q + 1e-5) of the mean q over positions of the distribution over all codes, `[]`, exact.
 *
 * A position's distribution is the product of one for each bit, so that with the bits in two groups q is the matrix AᵀB/N
 * of the groups' distributions at N positions: N·2^(bits/2) + 2^bits numbers. Bits beyond two groups of `groupBits` are a
 * third one: for each of its codes A is weighed by that code's probabilities, so that any number of bits can be had, at
 * the price of their 2^bits codes: four times the time and memory for two bits more.
 */
export function codebookEntropy(
  surprise: Surprise,
  { groupBits = most }: { groupBits?: number } = {},
): Tensor {
  const [positions, bits] = surprise.one.shape as [number, number];
  const first = bits <= groupBits ? bits : Math.min(groupBits, Math.ceil(bits / 2));
  const second = Math.min(groupBits, bits - first), third = bits - first - second;
  const lower = distribution(surprise, { start: 0, length: first });
  if (second === 0) return entropyOf(sum(lower, [0]), positions);
  const upper = distribution(surprise, { start: first, length: second });
  if (third === 0) return entropyOf(matmul(upper, lower, { transposeA: true }), positions);
  const outer = distribution(surprise, { start: first + second, length: third });
  const parts = Array.from({ length: 2 ** third }, (_, code) => {
    const weighed = mul(lower, slice(outer, { axis: 1, start: code, length: 1 }));
    return entropyOf(matmul(upper, weighed, { transposeA: true }), positions);
  });
  return parts.reduce(add);
}

/** −Σ q·log(q + 1e-5) for q = sums/positions. */
function entropyOf(sums: Tensor, positions: number): Tensor {
  const q = mul(sums, constant(1 / positions));
  return mul(total(mul(q, log(add(q, constant(eps))))), constant(-1));
}

/** The distribution over the codes of some of the bits, `[N,2^length]`, the lowest bit first. */
function distribution(
  { one, zero }: Surprise,
  { start, length }: { start: number; length: number },
): Tensor {
  const part = (x: Tensor) => slice(x, { axis: 1, start, length });
  // By code, −1 for each bit's surprise that counts.
  const picks = f32Tensor([2 ** length, 2 * length]);
  for (let code = 0; code < 2 ** length; code++) {
    for (let bit = 0; bit < length; bit++) {
      picks.data[code * 2 * length + bit + (code >> bit & 1 ? 0 : length)] = -1;
    }
  }
  return exp(linear(concat(part(one), part(zero), { axis: 1 }), { weight: constant(picks) }));
}
