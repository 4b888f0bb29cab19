import {
  add,
  constant,
  mul,
  packBits,
  reshape,
  sigmoid,
  softplus,
  straightThrough,
  sub,
  total,
  unpackBits,
} from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import { codebookEntropy } from "./codebook_entropy.ts";
import type { Quantizer, QuantizerLosses } from "./quantizer.ts";

/** τ, the temperature of a position's distribution over codes. */
const temperature = 0.01;

/**
 * Lookup-free quantization (MAGVIT-v2, arXiv 2310.05737; docs/model.md, Lookup-free quantization): a code is the signs of
 * the latent, ±1 for each of its `bits` channels, and channel j is bit j of the token. 0 counts as −1.
 */
export function lfq(bits: number): Quantizer {
  const codesOf = (z: Tensor) => unpackBits(packBits(z), bits);
  return {
    codebookSize: 2 ** bits,
    channels: bits,
    tokens: packBits,
    codes: (tokens) => unpackBits(tokens, bits),
    quantize: (z) => straightThrough(codesOf(z), z),
    losses: (z) => lossesOf(z, codesOf(z)),
    pack: (codes) => pack(codes, bits),
  };
}

/**
 * Entropy and commitment losses of latents z `[…,bits]`. They are exact and do not build the logits of all codes: the
 * softmax over codes c of 2·⟨z, c⟩/τ is the product over bits of σ(4·z/τ), the probability that a bit is 1.
 *
 * So the entropy of a position is a sum of binary entropies. `codebookEntropy` computes that of the mean distribution.
 * Log-probabilities are computed by softplus, which stays accurate where a probability rounds to 0 or 1.
 */
function lossesOf(z: Tensor, codes: Tensor): QuantizerLosses {
  const bits = z.shape.at(-1)!, positions = sizeOf(z.shape) / bits;
  const logits = mul(reshape(z, [positions, bits]), constant(4 / temperature));
  const negative = mul(logits, constant(-1));
  // −log P(bit is 1) and −log P(bit is 0).
  const surprise = { one: softplus(negative), zero: softplus(logits) };
  const entropies = add(mul(sigmoid(logits), surprise.one), mul(sigmoid(negative), surprise.zero));
  const perSample = mul(total(entropies), constant(1 / positions));
  const codebook = codebookEntropy(surprise), entropy = sub(perSample, codebook);
  const distance = sub(z, codes);
  const commitment = mul(total(mul(distance, distance)), constant(1 / sizeOf(z.shape)));
  const logs = {
    entropy_loss: entropy,
    per_sample_entropy: perSample,
    codebook_entropy: codebook,
    commit_loss: commitment,
  };
  return { entropy, commitment, logs };
}

function pack(codes: HostTensor<"f32">, bits: number): HostTensor<"u32"> {
  const [n, channels, ...axes] = codes.shape as [number, number, ...number[]];
  if (axes.length < 2 || channels !== bits) {
    throw new ArgumentError("Cannot decode the codes", {
      expected: `the shape [N,${bits},…,h,w]`,
      got: formatShape(codes.shape),
    });
  }
  const tokens = u32Tensor([n, ...axes]), cells = sizeOf(axes);
  codes.data.forEach((code, i) => {
    if (Math.abs(code) !== 1) {
      throw new ArgumentError("Cannot decode the codes", {
        expected: "values of 1 or −1",
        got: `${code} at ${i}`,
      });
    }
    const bit = Math.floor(i / cells) % bits, image = Math.floor(i / cells / bits);
    if (code === 1) tokens.data[image * cells + i % cells]! += 2 ** bit;
  });
  return tokens;
}
