import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import type { Scratch } from "../commands.ts";
import { byElement } from "../each_element.ts";
import type { Rules } from "../lowering.ts";

/**
 * Threads that sample from one row, 2^bits = root², and what of tokens and of sums a thread loads at once, at most. In
 * software each costs time at every barrier.
 */
const divisions = {
  staged: { bits: 8, root: 16, atOnce: 16 },
  direct: { bits: 4, root: 4, atOnce: 1 },
} as const;

/** How the ops of sampling become commands. */
export const samplingLowering: Rules<"philox" | "guide" | "sample"> = {
  philox: (tensor) =>
    byElement("philox", tensor, { constants: {}, bindings: { ...tensor.inputs }, size: tensor.shape[0]! }),
  guide: (tensor) =>
    byElement("guide", tensor, { constants: { V: tensor.shape[1]! }, bindings: { ...tensor.inputs } }),
  sample: (tensor, { tiling }) => {
    const { inputs: { logits, temperature, topK, topP, random }, attrs: { word, repeat } } = tensor;
    const { bits, root, atOnce } = divisions[tiling], threads = 2 ** bits;
    const [n, vocabSize] = logits.shape as [number, number];
    const needed = Math.ceil(vocabSize / threads), unroll = Math.min(needed, atOnce);
    const chunk = Math.ceil(needed / unroll) * unroll;
    const scratch = (name: string): Scratch => ({ scratch: name, bytes: 4 * n * chunk * threads });
    return [{
      kernel: "sample",
      constants: {
        ...{ WORKGROUP: threads, BITS: bits, ROOT: root, ADDED: Math.min(root, atOnce) },
        ...{ N: n, V: vocabSize, CHUNK: chunk, UNROLL: unroll, WORD: word, REPEAT: repeat },
      },
      bindings: {
        ...{ logits, temperature, top_k: topK, top_p: topP, random, out: tensor as Tensor },
        ...{ keys: scratch("keys"), weights: scratch("weights") },
      },
      workgroups: [n, 1, 1],
      flop: flopOf(tensor as Tensor),
    }];
  },
};
