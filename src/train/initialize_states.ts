import type { States, WeightSource } from "../backend/backend.ts";
import { weightSource } from "../backend/requests.ts";
import { checkKind, withMethods } from "../tensor/options.ts";
import { f32Tensor } from "../tensor/tensor.ts";
import { emaName } from "./optimizer/ema.ts";
import { checkStep, statesOf, type TrainingStep } from "./training_step.ts";

/**
 * Writes the states that training starts with: parameters from `source`, moving averages as copies of them, running
 * variances of 1, and the values that the step names. All others are zeros already. Throws what `source` throws.
 */
export async function initializeStates(
  states: States,
  training: TrainingStep,
  source: WeightSource,
): Promise<void> {
  const action = "begin the training";
  checkKind(states, withMethods("the states of a program", ["read", "write"]), `Cannot ${action}: states`);
  checkStep(training, action);
  checkKind(source, weightSource, `Cannot ${action}: source`);
  const { parameters, initial } = training, all = statesOf(training);
  for (const [name, { shape }] of parameters) {
    const value = f32Tensor(shape, await source.read(name));
    await states.write(name, value);
    if (all.has(emaName(name))) await states.write(emaName(name), value);
  }
  for (const [name, shape] of all) {
    const first = initial.get(name) ?? (name.endsWith(".running_var") ? 1 : 0);
    if (first === 0) continue;
    const value = f32Tensor(shape);
    value.data.fill(first);
    await states.write(name, value);
  }
}
