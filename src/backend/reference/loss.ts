import type { Spec } from "../../graph/ops.ts";
import type { LossOps } from "../../graph/ops/loss.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { type Evaluators, floats, type Values } from "./values.ts";

/** What the ops of losses compute. */
export const lossEvaluators: Evaluators<keyof LossOps> = {
  cross_entropy: crossEntropy,
  cross_entropy_grad: crossEntropyGrad,
};

/** The negated log-probability of each row's target. */
function crossEntropy(
  { logits, target }: Values<"cross_entropy">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const vocabSize = logits.shape[1]!, result = floats(spec.shape);
  target.data.forEach((word, r) => {
    const row = logits.data.subarray(r * vocabSize, (r + 1) * vocabSize);
    const { most, total } = exponentials(row);
    result.data[r] = most + Math.log(total) - row[Math.min(word, vocabSize - 1)]!;
  });
  return result;
}

/** (softmax − the target) · dy by row; the loss gives the softmax's total. */
function crossEntropyGrad(
  { logits, target, loss, dy }: Values<"cross_entropy_grad">,
  _: unknown,
  spec: Spec,
): HostTensor {
  const vocabSize = logits.shape[1]!, result = floats(spec.shape);
  target.data.forEach((word, r) => {
    const row = logits.data.subarray(r * vocabSize, (r + 1) * vocabSize), hit = Math.min(word, vocabSize - 1);
    const total = loss.data[r]! + row[hit]!;
    row.forEach((value, i) => {
      result.data[r * vocabSize + i] = (Math.exp(value - total) - (i === hit ? 1 : 0)) * dy.data[r]!;
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
