import {
  add,
  concat,
  constant,
  lfqPack,
  lfqUnpack,
  linear,
  mul,
  reshape,
  slice,
  sub,
} from "../../graph/build.ts";
import {
  exp,
  log,
  matmul,
  sigmoid,
  softplus,
  straightThrough,
  sum,
  total,
} from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor } from "../../tensor/tensor.ts";

/** What lookup-free quantization adds to the generator's loss, each `[]`. */
export interface LfqLosses {
  /** The mean entropy of a position's distribution over codes, in nats. */
  readonly perSampleEntropy: Tensor;
  /** The entropy of the mean distribution. */
  readonly codebookEntropy: Tensor;
  /** `sampleWeight·perSampleEntropy − codebookWeight·codebookEntropy`. */
  readonly entropyLoss: Tensor;
  /** The mean squared distance of latents and codes. */
  readonly commitment: Tensor;
}

/** How the losses of the codes are weighed. */
export interface LfqOptions {
  readonly sampleWeight?: number;
  readonly codebookWeight?: number;
  /** τ of the distribution over codes. */
  readonly temperature?: number;
}

/** Bits whose distribution is written out, as `2^bits` columns. */
const groupBits = 10;
const eps = 1e-5;

/** The codes of latents z `[…,bits]`, ±1, with the gradient going to z as if they were that. */
export function quantize(z: Tensor): Tensor {
  return straightThrough(codesOf(z), z);
}

/**
 * Entropy and commitment losses of latents z `[…,bits]` (MODEL.md §4), exact, without a code's logits for each position:
 * the softmax over all codes c of 2·⟨z, c⟩/τ is a product of one probability for each bit, σ(4·z/τ).
 *
 * So a position's entropy is a sum of binary entropies, and the mean distribution over codes, whose bits are split into
 * two groups, is the matrix AᵀB/N of the groups' distributions at N positions. Memory: N·2^(bits/2) + 2^bits numbers.
 * Log-probabilities come from softplus, so that bits which are all but certain count as what they are.
 *
 * Throws `ArgumentError` for more than 20 bits: the mean distribution alone would be millions of numbers.
 */
export function lfqLosses(
  z: Tensor,
  { sampleWeight = 1, codebookWeight = 1, temperature = 0.01 }: LfqOptions = {},
): LfqLosses {
  const bits = z.shape.at(-1)!, positions = sizeOf(z.shape) / bits;
  if (bits > 2 * groupBits) {
    throw new ArgumentError("Cannot build the entropy loss", {
      expected: `at most ${2 * groupBits} bits`,
      got: `${bits}`,
      hint: "weigh the entropy loss with 0",
    });
  }
  const logits = mul(reshape(z, [positions, bits]), constant(4 / temperature));
  const negative = mul(logits, constant(-1));
  // −log P(bit is 1) and −log P(bit is 0).
  const surprise = { one: softplus(negative), zero: softplus(logits) };
  const entropies = add(mul(sigmoid(logits), surprise.one), mul(sigmoid(negative), surprise.zero));
  const perSampleEntropy = mul(total(entropies), constant(1 / positions));

  const first = Math.min(bits, bits > groupBits ? Math.ceil(bits / 2) : bits);
  const lower = distribution(surprise, { start: 0, length: first });
  const mean = first === bits
    ? sum(lower, [0])
    : matmul(distribution(surprise, { start: first, length: bits - first }), lower, { transposeA: true });
  const q = mul(mean, constant(1 / positions));
  const codebookEntropy = mul(total(mul(q, log(add(q, constant(eps))))), constant(-1));

  const distance = sub(z, codesOf(z));
  return {
    perSampleEntropy,
    codebookEntropy,
    entropyLoss: sub(
      mul(perSampleEntropy, constant(sampleWeight)),
      mul(codebookEntropy, constant(codebookWeight)),
    ),
    commitment: mul(total(mul(distance, distance)), constant(1 / sizeOf(z.shape))),
  };
}

function codesOf(z: Tensor): Tensor {
  return lfqUnpack(lfqPack(z), z.shape.at(-1)!);
}

/** The distribution over the codes of some of the bits, `[N,2^length]`, the lowest bit first. */
function distribution(
  { one, zero }: { one: Tensor; zero: Tensor },
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
