import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { elementBlock } from "../extents.ts";
import type { Rules } from "../lowering.ts";

/** The same for those that need the kernels of training. */
export const lossTraining: Rules<"cross_entropy" | "cross_entropy_grad"> = {
  cross_entropy: (tensor, at) => {
    const { logits, target } = tensor.inputs, [count, words] = logits.shape as [number, number];
    const pointers = [logits, target, tensor as Tensor].map((read) => at.of(read)), each = rowsAtOnce(words);
    return [{
      opcode: Opcode.CrossEntropy,
      items: Math.ceil(count / each),
      args: [...pointers, count, words, each],
    }];
  },
  cross_entropy_grad: (tensor, at) => {
    const { logits, target, loss, dy } = tensor.inputs, [count, words] = logits.shape as [number, number];
    const pointers = [logits, target, loss, dy, tensor as Tensor].map((read) => at.of(read));
    const each = rowsAtOnce(words);
    return [{
      opcode: Opcode.CrossEntropyGrad,
      items: Math.ceil(count / each),
      args: [...pointers, count, words, each],
    }];
  },
};

/** Rows of `words` logits of one item: as many as make an item worth taking. */
function rowsAtOnce(words: number): number {
  return Math.max(1, Math.floor(elementBlock / words));
}
