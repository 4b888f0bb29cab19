import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";

/** `[…,bits]` → u32 `[…]`: bit j is set where channel j is above zero. */
export function lfqPack(x: Tensor): Tensor {
  return apply("lfq_pack", { x }, {});
}

/** u32 `[…]` → `[…,bits]` of ±1, bit j in channel j. */
export function lfqUnpack(x: Tensor, bits: number): Tensor {
  return apply("lfq_unpack", { x }, { bits });
}
