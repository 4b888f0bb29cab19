import type { Tensor } from "../../graph/ops.ts";
import type { HostTensor } from "../../tensor/tensor.ts";

/**
 * How a tokenizer's latents become tokens. Three forms of one position: the latent z, `[C]`, which the encoder gives; the
 * token, the index of the code nearest to it; and the code, `[C]`, which the decoder reads.
 */
export interface Quantizer {
  /** Number of codes: tokens are 0 … codebookSize − 1. */
  readonly codebookSize: number;
  /** C, the length of a latent and of a code. */
  readonly channels: number;
  /** Tokens u32 `[…]` of latents z `[…,C]`. */
  tokens(z: Tensor): Tensor;
  /** Codes `[…,C]` of tokens u32 `[…]`. */
  codes(tokens: Tensor): Tensor;
  /** Codes `[…,C]` of latents z `[…,C]`, for training: gradients of the codes pass to z unchanged. */
  quantize(z: Tensor): Tensor;
  /** What latents z `[…,C]` add to the training loss. */
  losses(z: Tensor): QuantizerLosses;
  /** Tokens u32 `[N,h,w]` of codes f32 `[N,C,h,w]` on the host. Throws `ArgumentError` for values that are no codes. */
  pack(codes: HostTensor<"f32">): HostTensor<"u32">;
}

/** The losses of a quantizer, each `[]`; the training configuration has a weight for each. */
export interface QuantizerLosses {
  /** Low if each position is certain of its code and all codes are used equally often. */
  readonly entropy: Tensor;
  /** The distance of latents from their codes. */
  readonly commitment: Tensor;
  /** These losses and what they consist of, by the names under which they are logged. */
  readonly logs: Readonly<Record<string, Tensor>>;
}
