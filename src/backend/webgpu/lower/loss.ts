import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { folded, workgroupSize } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import { eachElement } from "../each_element.ts";

/** The same for those that need the kernels of training. */
export const lossTraining: Rules<"cross_entropy" | "cross_entropy_grad"> = {
  cross_entropy: (tensor) => {
    const { logits, target } = tensor.inputs, [rows, vocabSize] = logits.shape as [number, number];
    return [{
      kernel: "cross_entropy",
      constants: { WORKGROUP: workgroupSize, ROWS: rows, VOCAB_SIZE: vocabSize },
      bindings: { logits, goal: target, out: tensor as Tensor },
      workgroups: folded(rows),
      flop: flopOf(tensor as Tensor),
    }];
  },
  cross_entropy_grad: (tensor) => {
    const { logits, target, loss, dy } = tensor.inputs;
    return [eachElement("cross_entropy_grad", {
      size: sizeOf(tensor.shape),
      constants: { VOCAB_SIZE: logits.shape[1]! },
      bindings: { logits, goal: target, loss, dy, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
};
