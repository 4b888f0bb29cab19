import { crossEntropy, reshape } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { meanOf } from "./adversarial.ts";

/** The mean cross-entropy of logits `[…,V]` and targets u32 `[…]`, `[]`. */
export function tokenLoss(logits: Tensor, words: Tensor): Tensor {
  const rows = sizeOf(words.shape);
  return meanOf(crossEntropy(reshape(logits, [rows, logits.shape.at(-1)!]), reshape(words, [rows])));
}
