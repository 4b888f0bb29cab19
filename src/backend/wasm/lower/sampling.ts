import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import type { Rules } from "../lowering.ts";

/** How the ops of sampling become commands. */
export const samplingLowering: Rules<"philox" | "guide" | "sample"> = {
  philox: (tensor, at) => {
    const { key, counter } = tensor.inputs;
    const args = [at.of(key), at.of(counter), at.of(tensor as Tensor)];
    return [{ opcode: Opcode.Philox, items: tensor.shape[0]!, args }];
  },
  guide: (tensor, at) => {
    const { logits, scale } = tensor.inputs, [n, vocabSize] = tensor.shape as [number, number];
    return [{
      opcode: Opcode.Guide,
      items: n,
      args: [at.of(logits), at.of(scale), at.of(tensor as Tensor), n, vocabSize],
    }];
  },
  sample: (tensor, at) => {
    const { logits, temperature, topK, topP, random } = tensor.inputs, { word, repeat } = tensor.attrs;
    const [n, vocabSize] = logits.shape as [number, number];
    const pointers = [logits, temperature, topK, topP, random, tensor as Tensor].map((read) => at.of(read));
    return [{
      opcode: Opcode.Sample,
      items: n,
      args: [...pointers, n, vocabSize, word, repeat],
      scratchBytes: 20 * vocabSize,
    }];
  },
};
