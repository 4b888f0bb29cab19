import { byElement } from "../each_element.ts";
import type { Rules } from "../lowering.ts";

/** How the ops of quantization become commands. */
export const quantizeLowering: Rules<"lfq_pack" | "lfq_unpack"> = {
  lfq_pack: (tensor) =>
    byElement("lfq_pack", tensor, {
      constants: { BITS: tensor.inputs.x.shape.at(-1)! },
      bindings: { ...tensor.inputs },
    }),
  lfq_unpack: (tensor) =>
    byElement("lfq_unpack", tensor, {
      constants: { BITS: tensor.attrs.bits },
      bindings: { ...tensor.inputs },
    }),
};
