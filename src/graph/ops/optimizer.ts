import { check, checkDType, checkIndex, checkShape, f32, isState } from "../checks.ts";
import { elements } from "../flop_counts.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";
import { viewed } from "../views.ts";

/** Ops that write states. */
export interface OptimizerOps {
  /**
   * Writes `value` into `state`, once all other ops that read the state have done so. Nothing may read the result; as an
   * output it shows what the state then holds. A value that is only a view of a state is refused. Where u32 `[]`
   * `when` is given and 0, nothing is written, whatever the value holds.
   */
  assign: { inputs: { state: Operand; value: Operand; when?: Operand }; attrs: NoAttrs };
  /**
   * A step of Adam, as `optimizer/adam.ts` says, in place: `parameter`, its moments `m` and `v`, and `average` if there is
   * one, are states of one shape, and take their new values as `assign` would write them. `step` `[3]`: the rate,
   * rate/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ); the gradient counts `scale` `[]` times. `when` is as in `assign`. As an output it shows the new parameter.
   */
  adam: {
    inputs: {
      parameter: Operand;
      m: Operand;
      v: Operand;
      average?: Operand;
      gradient: Operand;
      step: Operand;
      scale?: Operand;
      when?: Operand;
    };
    attrs: { beta1: number; beta2: number; eps: number; decay: number; averageDecay: number };
  };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const optimizerShapes: ShapeRules<OptimizerOps> = {
  assign: ({ state, value, when }) => {
    check(
      "assign",
      "state",
      state.shape,
      isState(state),
      "a state in f32 or u32",
    );
    check("assign", "value", value.shape, viewed(value).op !== "state", "a computed value");
    checkShape("assign", "value", value, state.shape);
    checkDType("assign", "value", value, state.dtype);
    if (when) checkIndex("assign", "when", when, []);
    return { shape: state.shape, dtype: state.dtype };
  },
  adam: ({ parameter, gradient, step, scale, when, ...moments }) => {
    for (const [name, state] of Object.entries({ parameter, ...moments })) {
      if (!state) continue;
      check("adam", name, state.shape, isState(state), "a state in f32");
      checkShape("adam", name, state, parameter.shape);
    }
    const own = [parameter, ...Object.values(moments)].includes(viewed(gradient));
    check("adam", "gradient", gradient.shape, !own, "another tensor than its own states");
    checkShape("adam", "gradient", gradient, parameter.shape);
    checkShape("adam", "step", step, [3]);
    if (scale) checkShape("adam", "scale", scale, []);
    if (when) checkIndex("adam", "when", when, []);
    return f32(parameter.shape);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const optimizerFlop: FlopRules<OptimizerOps> = {
  assign: () => 0,
  adam: (tensor) => 13 * elements(tensor) + (tensor.inputs.average ? 3 * elements(tensor) : 0),
};
