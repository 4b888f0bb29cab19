import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Rules } from "../lowering.ts";

/** How the ops of quantization become commands. */
export const quantizeLowering: Rules<"pack_bits" | "unpack_bits"> = {
  pack_bits: (tensor, at) => {
    const args = [
      at.of(tensor.inputs.x),
      at.of(tensor as Tensor),
      sizeOf(tensor.shape),
      tensor.inputs.x.shape.at(-1)!,
    ];
    return [{ opcode: Opcode.PackBits, items: 1, args }];
  },
  unpack_bits: (tensor, at) => {
    const args = [
      at.of(tensor.inputs.x),
      at.of(tensor as Tensor),
      sizeOf(tensor.inputs.x.shape),
      tensor.attrs.bits,
    ];
    return [{ opcode: Opcode.UnpackBits, items: 1, args }];
  },
};
