import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Rules } from "../lowering.ts";

/** How the ops of quantization become commands. */
export const quantizeLowering: Rules<"lfq_pack" | "lfq_unpack"> = {
  lfq_pack: (tensor, at) => {
    const args = [
      at.of(tensor.inputs.x),
      at.of(tensor as Tensor),
      sizeOf(tensor.shape),
      tensor.inputs.x.shape.at(-1)!,
    ];
    return [{ opcode: Opcode.LfqPack, items: 1, args }];
  },
  lfq_unpack: (tensor, at) => {
    const args = [
      at.of(tensor.inputs.x),
      at.of(tensor as Tensor),
      sizeOf(tensor.inputs.x.shape),
      tensor.attrs.bits,
    ];
    return [{ opcode: Opcode.LfqUnpack, items: 1, args }];
  },
};
