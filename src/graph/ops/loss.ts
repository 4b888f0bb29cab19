import { sizeOf } from "../../tensor/shape.ts";
import { checkIndex, checkShape, f32, rank } from "../checks.ts";
import { elements } from "../flop_counts.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Losses over logits. */
export interface LossOps {
  /** `log Σ exp(logits) − logits[target]` by row: logits `[R,V]`, target u32 `[R]` (below V) → `[R]`. */
  cross_entropy: { inputs: { logits: Operand; target: Operand }; attrs: NoAttrs };
  /** The gradient of `cross_entropy`, which gave `loss`, by logits: loss and dy `[R]` → `[R,V]`. */
  cross_entropy_grad: {
    inputs: { logits: Operand; target: Operand; loss: Operand; dy: Operand };
    attrs: NoAttrs;
  };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const lossShapes: ShapeRules<LossOps> = {
  cross_entropy: ({ logits, target }) => {
    const [rows] = rank("cross_entropy", "logits", logits, 2);
    checkIndex("cross_entropy", "target", target, [rows!]);
    return f32([rows!]);
  },
  cross_entropy_grad: ({ logits, target, loss, dy }) => {
    const [rows] = rank("cross_entropy_grad", "logits", logits, 2);
    checkIndex("cross_entropy_grad", "target", target, [rows!]);
    checkShape("cross_entropy_grad", "loss", loss, [rows!]);
    checkShape("cross_entropy_grad", "dy", dy, [rows!]);
    return f32(logits.shape);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const lossFlop: FlopRules<LossOps> = {
  cross_entropy: ({ inputs: { logits } }) => 3 * sizeOf(logits.shape),
  cross_entropy_grad: (tensor) => 3 * elements(tensor),
};
