import { add, constant, mul, state, sub } from "../../graph/build.ts";
import { assign } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import type { Updated } from "./adam.ts";

/** The state that holds the moving average of parameter `name`. It begins as a copy of the parameter. */
export function emaName(name: string): string {
  return `ema.${name}`;
}

/** The assignments that take new values into their moving averages: ema ← ema + (1 − decay)·(value − ema). */
export function moveAverages(updates: readonly Updated[], decay: number): Tensor[] {
  return updates.map(({ name, value }) => {
    const average = state(emaName(name), value);
    return assign(average, add(average, mul(sub(value, average), constant(1 - decay))));
  });
}
