import type { OptimizerOps } from "../../graph/ops/optimizer.ts";
import type { Evaluators } from "./values.ts";

/** What the ops of the optimizer compute. */
export const optimizerEvaluators: Evaluators<keyof OptimizerOps> = {
  assign: ({ state, value, when }) => {
    if (when?.data[0] !== 0) state.data.set(value.data);
    return state;
  },
  adam: (
    { parameter, m, v, average, gradient, step, scale, when },
    { beta1, beta2, eps, decay, averageDecay },
  ) => {
    if (when?.data[0] === 0) return parameter;
    const [rate, size, factor] = step.data as unknown as [number, number, number];
    gradient.data.forEach((slope, i) => {
      const g = slope * (scale?.data[0] ?? 1);
      const first = m.data[i] = beta1 * m.data[i]! + (1 - beta1) * g;
      const second = v.data[i] = beta2 * v.data[i]! + (1 - beta2) * g * g;
      const value = parameter.data[i]! * (1 - rate * decay) -
        size * first / (Math.sqrt(second) * factor + eps);
      parameter.data[i] = value;
      if (average) average.data[i]! += (1 - averageDecay) * (value - average.data[i]!);
    });
    return parameter;
  },
};
