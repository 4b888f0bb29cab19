import { Opcode } from "../_generated_opcodes.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { floatArgument } from "../commands.ts";
import { elementBlock } from "../extents.ts";
import type { Rules } from "../lowering.ts";

/** The same for those that need the kernels of training. */
export const optimizerTraining: Rules<"assign" | "adam"> = {
  assign: (tensor, at) => {
    const { state, value, when } = tensor.inputs, size = sizeOf(state.shape);
    const args = [at.of(value), at.of(state), at.of(when), size];
    return [{ opcode: Opcode.Assign, items: Math.ceil(size / elementBlock), args }];
  },
  adam: (tensor, at) => {
    const { inputs, attrs: { beta1, beta2, eps, decay, averageDecay }, shape } = tensor;
    const { parameter, m, v, average, gradient, step, scale, when } = inputs;
    const constants = [beta1, 1 - beta1, beta2, 1 - beta2, eps, decay, 1 - averageDecay];
    const pointers = [parameter, m, v, average, gradient, step, scale].map((operand) => at.of(operand));
    return [{
      opcode: Opcode.Adam,
      items: Math.ceil(sizeOf(shape) / elementBlock),
      args: [...pointers, sizeOf(shape), ...constants.map(floatArgument), at.of(when)],
    }];
  },
};
