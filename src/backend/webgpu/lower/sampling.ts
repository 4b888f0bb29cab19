import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Scratch } from "../commands.ts";
import { byElement } from "../each_element.ts";
import type { Rules } from "../lowering.ts";

/** Threads that sample from one row. In software each costs time at every barrier, and there are hundreds of them. */
const threadsOf = { staged: 256, direct: 32 } as const;

/** How the ops of sampling become commands. */
export const samplingLowering: Rules<"philox" | "guide" | "sample"> = {
  philox: (tensor) =>
    byElement("philox", tensor, { constants: {}, bindings: { ...tensor.inputs }, size: tensor.shape[0]! }),
  guide: (tensor) =>
    byElement("guide", tensor, { constants: { V: tensor.shape[1]! }, bindings: { ...tensor.inputs } }),
  sample: (tensor, { tiling }) => {
    const { inputs: { logits, temperature, topK, topP, random }, attrs: { word, repeat } } = tensor;
    const threads = threadsOf[tiling];
    const [n, vocabSize] = logits.shape as [number, number];
    const scratch = (name: string): Scratch => ({ scratch: name, bytes: 4 * sizeOf(logits.shape) });
    return [{
      kernel: "sample",
      constants: {
        ...{
          WORKGROUP: threads,
          N: n,
          V: vocabSize,
          CHUNK: Math.ceil(vocabSize / threads),
          WORD: word,
          REPEAT: repeat,
        },
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
