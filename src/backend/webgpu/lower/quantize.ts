import { byElement } from "../each_element.ts";
import type { Rules } from "../lowering.ts";

/** How the ops of quantization become commands. */
export const quantizeLowering: Rules<"pack_bits" | "unpack_bits"> = {
  pack_bits: (tensor) =>
    byElement("pack_bits", tensor, {
      constants: { BITS: tensor.inputs.x.shape.at(-1)! },
      bindings: { ...tensor.inputs },
    }),
  unpack_bits: (tensor) =>
    byElement("unpack_bits", tensor, {
      constants: { BITS: tensor.attrs.bits },
      bindings: { ...tensor.inputs },
    }),
};
