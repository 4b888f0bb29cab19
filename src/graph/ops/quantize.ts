import { check, f32 } from "../checks.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Bits of whole numbers. */
export interface QuantizeOps {
  /** `[…,bits]` → u32 `[…]`: bit j is set where channel j is above zero, as in lookup-free quantization. */
  pack_bits: { inputs: { x: Operand }; attrs: NoAttrs };
  /** u32 `[…]` → f32 `[…,bits]` of ±1. */
  unpack_bits: { inputs: { x: Operand }; attrs: { bits: number } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const quantizeShapes: ShapeRules<QuantizeOps> = {
  pack_bits: ({ x }) => {
    check("pack_bits", "x", x.shape, x.shape.length > 0 && x.shape.at(-1)! <= 32, "at most 32 channels");
    return { shape: x.shape.slice(0, -1), dtype: "u32" };
  },
  unpack_bits: ({ x }, { bits }) => f32([...x.shape, bits]),
};

/** Floating-point operations of each op; see `flopOf`. */
export const quantizeFlop: FlopRules<QuantizeOps> = {
  pack_bits: () => 0,
  unpack_bits: () => 0,
};
