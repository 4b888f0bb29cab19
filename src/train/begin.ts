import type { Program, WeightSource } from "../backend/backend.ts";
import type { Tensor } from "../graph/ops.ts";
import { tensorsOf } from "../graph/trace.ts";
import { BackendError } from "../tensor/errors.ts";
import { f32Tensor } from "../tensor/tensor.ts";
import { emaName } from "./optimizer/ema.ts";
import type { TrainingStep } from "./training_step.ts";

/**
 * Gives a step's program the states that training begins with: parameters from `source`, averages as their copies,
 * running variances of 1, and what the step names. All others are zeros already.
 *
 * Throws `BackendError` where the backend gives no access to states, and what `source` throws.
 */
export async function beginTraining(
  program: Program,
  { graph, parameters, initial }: TrainingStep,
  source: WeightSource,
): Promise<void> {
  const { states } = program;
  if (!states) {
    throw new BackendError("Cannot train", {
      expected: "a backend with access to states",
      got: "one without",
    });
  }
  const all = new Map(tensorsOf(graph, "state").map(({ attrs }) => [attrs.name, attrs.shape]));
  for (const [name, { shape }] of parameters as ReadonlyMap<string, Tensor>) {
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
