import { add, constant, lfqPack, lfqUnpack, mul, reshape, sub } from "../../graph/build.ts";
import { sigmoid, softplus, straightThrough, total } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { codebookEntropy } from "./codebook_entropy.ts";

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

/** The codes of latents z `[…,bits]`, ±1, with the gradient going to z as if they were that. */
export function quantize(z: Tensor): Tensor {
  return straightThrough(codesOf(z), z);
}

/**
 * Entropy and commitment losses of latents z `[…,bits]` (MAGVIT-v2, arXiv 2310.05737; docs/model.md, Lookup-free
 * quantization). They are exact and do not build the logits of all codes: the softmax over codes c of 2·⟨z, c⟩/τ is the
 * product over bits of σ(4·z/τ), the probability that a bit is 1.
 *
 * So the entropy of a position is a sum of binary entropies. `codebookEntropy` computes that of the mean distribution.
 * Log-probabilities are computed by softplus, which stays accurate where a probability rounds to 0 or 1.
 */
export function lfqLosses(
  z: Tensor,
  { sampleWeight = 1, codebookWeight = 1, temperature = 0.01 }: LfqOptions = {},
): LfqLosses {
  const bits = z.shape.at(-1)!, positions = sizeOf(z.shape) / bits;
  const logits = mul(reshape(z, [positions, bits]), constant(4 / temperature));
  const negative = mul(logits, constant(-1));
  // −log P(bit is 1) and −log P(bit is 0).
  const surprise = { one: softplus(negative), zero: softplus(logits) };
  const entropies = add(mul(sigmoid(logits), surprise.one), mul(sigmoid(negative), surprise.zero));
  const perSampleEntropy = mul(total(entropies), constant(1 / positions));

  const entropy = codebookEntropy(surprise);
  const distance = sub(z, codesOf(z));
  return {
    perSampleEntropy,
    codebookEntropy: entropy,
    entropyLoss: sub(
      mul(perSampleEntropy, constant(sampleWeight)),
      mul(entropy, constant(codebookWeight)),
    ),
    commitment: mul(total(mul(distance, distance)), constant(1 / sizeOf(z.shape))),
  };
}

function codesOf(z: Tensor): Tensor {
  return lfqUnpack(lfqPack(z), z.shape.at(-1)!);
}
