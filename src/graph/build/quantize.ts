import { apply } from "../apply.ts";
import { reshape } from "./shape.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { QuantizeOps } from "../ops/quantize.ts";

/** `[…,bits]` → u32 `[…]`: bit j is set where channel j is above zero. */
export function packBits(x: Tensor): Tensor {
  return apply("pack_bits", { x }, {});
}

/** u32 `[…]` → `[…,bits]` of ±1, bit j in channel j. */
export function unpackBits(x: Tensor, bits: number): Tensor {
  return apply("unpack_bits", { x }, { bits });
}

/** 1 where an element is above zero, else 0: u32 of the shape of `x`. */
export function isPositive(x: Tensor): Tensor {
  return packBits(reshape(x, [...x.shape, 1]));
}

/** The gradients of these ops. */
export const quantizeGradients: Gradients<keyof QuantizeOps> = {
  pack_bits: "discrete",
  unpack_bits: "discrete",
};
