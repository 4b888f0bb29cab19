import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { elementBlock } from "../extents.ts";
import type { Rules } from "../lowering.ts";

/** The same for those that need the kernels of training. */
export const lossTraining: Rules<"cross_entropy" | "cross_entropy_grad"> = {
  cross_entropy: (tensor, at) => {
    const { logits, target } = tensor.inputs, [count, vocabSize] = logits.shape as [number, number];
    const pointers = [logits, target, tensor as Tensor].map((read) => at.of(read)),
      each = rowsAtOnce(vocabSize);
    return [{
      opcode: Opcode.CrossEntropy,
      items: Math.ceil(count / each),
      args: [...pointers, count, vocabSize, each],
    }];
  },
  cross_entropy_grad: (tensor, at) => {
    const { logits, target, loss, dy } = tensor.inputs, [count, vocabSize] = logits.shape as [number, number];
    const pointers = [logits, target, loss, dy, tensor as Tensor].map((read) => at.of(read));
    const each = rowsAtOnce(vocabSize);
    return [{
      opcode: Opcode.CrossEntropyGrad,
      items: Math.ceil(count / each),
      args: [...pointers, count, vocabSize, each],
    }];
  },
};

/** Rows of `vocabSize` logits of one item: as many as make an item worth taking. */
function rowsAtOnce(vocabSize: number): number {
  return Math.max(1, Math.floor(elementBlock / vocabSize));
}
