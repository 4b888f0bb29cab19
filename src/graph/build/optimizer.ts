import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Attrs, Inputs, Tensor } from "../ops.ts";
import type { OptimizerOps } from "../ops/optimizer.ts";

/** One step of Adam on a state; see `OpTable`. Make it an effect. */
export function adamUpdate(inputs: Inputs<"adam">, attrs: Attrs<"adam">): Tensor {
  return apply("adam", inputs, attrs);
}

/** Writes `value` into `state` at the end of a run, when all that reads the state has done so. Make it an effect. */
export function assign(state: Tensor, value: Tensor): Tensor {
  return apply("assign", { state, value }, {});
}

/** The gradients of these ops. */
export const optimizerGradients: Gradients<keyof OptimizerOps> = {
  assign: "backward",
  adam: "backward",
};
