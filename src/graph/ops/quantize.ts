import { check, f32 } from "../checks.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Quantization of latents. */
export interface QuantizeOps {
  /** Lookup-free quantization: `[…,bits]` → u32 `[…]`, bit j set where channel j is above zero. */
  lfq_pack: { inputs: { x: Operand }; attrs: NoAttrs };
  /** u32 `[…]` → f32 `[…,bits]` of ±1. */
  lfq_unpack: { inputs: { x: Operand }; attrs: { bits: number } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const quantizeShapes: ShapeRules<QuantizeOps> = {
  lfq_pack: ({ x }) => {
    check("lfq_pack", "x", x.shape, x.shape.length > 0 && x.shape.at(-1)! <= 32, "at most 32 channels");
    return { shape: x.shape.slice(0, -1), dtype: "u32" };
  },
  lfq_unpack: ({ x }, { bits }) => f32([...x.shape, bits]),
};

/** Floating-point operations of each op; see `flopOf`. */
export const quantizeFlop: FlopRules<QuantizeOps> = {
  lfq_pack: () => 0,
  lfq_unpack: () => 0,
};
