import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { QuantizeOps } from "../ops/quantize.ts";

/** `[…,bits]` → u32 `[…]`: bit j is set where channel j is above zero. */
export function lfqPack(x: Tensor): Tensor {
  return apply("lfq_pack", { x }, {});
}

/** u32 `[…]` → `[…,bits]` of ±1, bit j in channel j. */
export function lfqUnpack(x: Tensor, bits: number): Tensor {
  return apply("lfq_unpack", { x }, { bits });
}

/** The gradients of these ops. */
export const quantizeGradients: Gradients<keyof QuantizeOps> = {
  lfq_pack: "discrete",
  lfq_unpack: "discrete",
};
