import {
  add,
  concat,
  constant,
  exp,
  linear,
  log,
  matmul,
  mul,
  slice,
  sum,
  total,
} from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { f32Tensor } from "../../tensor/tensor.ts";

/** −log of the probability that each bit of N positions is 1, and that it is 0: both `[N,bits]`. */
export interface Surprise {
  readonly one: Tensor;
  readonly zero: Tensor;
}

/** Most bits of a group, whose distribution is a matrix with `2^bits` columns. */
const largestGroup = 10;
const eps = 1e-5;

/**
 * The entropy −Σ q·log(q + 1e-5) of the mean q over positions of the distribution over all codes, `[]`, exact.
 *
 * A position's distribution is the product of one for each bit. If the bits are cut into two groups, q is the matrix AᵀB/N
 * of the groups' distributions A and B at N positions, which takes N·2^(bits/2) + 2^bits numbers. Bits beyond two groups of
 * `groupBits` form a third: for each of its codes A is multiplied by the probability of that code. Time and memory grow with
 * the number of codes: two bits more take four times as much.
 */
export function codebookEntropy(
  surprise: Surprise,
  { groupBits = largestGroup }: { groupBits?: number } = {},
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

/** The distribution over the codes of bits `start` … `start + length − 1`: `[N,2^length]`, the lowest bit first. */
function distribution(
  { one, zero }: Surprise,
  { start, length }: { start: number; length: number },
): Tensor {
  const part = (x: Tensor) => slice(x, { axis: 1, start, length });
  // Row `code` has −1 where −log P of a bit's value in that code stands.
  const picks = f32Tensor([2 ** length, 2 * length]);
  for (let code = 0; code < 2 ** length; code++) {
    for (let bit = 0; bit < length; bit++) {
      picks.data[code * 2 * length + bit + (code >> bit & 1 ? 0 : length)] = -1;
    }
  }
  return exp(linear(concat(part(one), part(zero), { axis: 1 }), { weight: constant(picks) }));
}
