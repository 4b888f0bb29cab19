import { float } from "../commands.ts";
import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Rules } from "../lowering.ts";
import { eachElement } from "../each_element.ts";

/** The same for those that need the kernels of training. */
export const optimizerTraining: Rules<"assign" | "adam"> = {
  assign: (tensor) => {
    const { state, value, when } = tensor.inputs;
    return [eachElement("assign", {
      size: sizeOf(tensor.shape),
      constants: { WHEN: Boolean(when) },
      bindings: { value, out: state, condition: when },
      flop: 0,
    })];
  },
  adam: (tensor) => {
    const { inputs, attrs: { beta1, beta2, eps, decay, averageDecay } } = tensor;
    const { parameter, m, v, average, gradient, step, scale, when } = inputs;
    return [eachElement("adam", {
      size: sizeOf(tensor.shape),
      constants: {
        ...{ BETA1: float(beta1), REST1: float(1 - beta1), BETA2: float(beta2), REST2: float(1 - beta2) },
        ...{ EPS: float(eps), DECAY: float(decay), AVERAGE_REST: float(1 - averageDecay) },
        ...{ AVERAGED: Boolean(average), SCALED: Boolean(scale), WHEN: Boolean(when) },
      },
      bindings: {
        ...{ parameter, first: m, second: v, average, gradient, step_values: step, scale, condition: when },
      },
      flop: flopOf(tensor as Tensor),
    })];
  },
};
