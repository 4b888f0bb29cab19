/** The factor of the learning rate at a step, from 0. */
export type Schedule = (step: number) => number;

/** Steps and factors of a schedule that warms up. */
export interface Warmup {
  /** Steps of all training. */
  readonly steps: number;
  /** Steps over which the factor rises linearly from `start` to 1. */
  readonly warmupSteps: number;
  readonly start: number;
  /** The factor at the last step. */
  readonly end: number;
}

/** 1, multiplied by 0.1 at each of `milestones`, as PyTorch's `MultiStepLR` does. */
export function multiStep(milestones: readonly number[]): Schedule {
  return (step) => milestones.reduce((rate, milestone) => step >= milestone ? rate * 0.1 : rate, 1);
}

/** Warmup, then half a cosine from 1 to `end`. */
export function warmupCosine(options: Warmup): Schedule {
  return warmedUp(
    options,
    (past) => options.end + (1 - options.end) * (0.5 + 0.5 * Math.cos(Math.PI * past)),
  );
}

/** Warmup, then 1 for the first twentieth of the rest, then a line to `end`. */
export function warmupHoldLinear(options: Warmup): Schedule {
  const hold = 0.05;
  return warmedUp(
    options,
    (past) => past < hold ? 1 : options.end + (1 - options.end) * (1 - past) / (1 - hold),
  );
}

/** Calls `after` with the fraction of the steps after the warmup that are done. */
function warmedUp({ steps, warmupSteps, start }: Warmup, after: (past: number) => number): Schedule {
  return (step) => {
    if (step < warmupSteps) return start + (1 - start) * step / warmupSteps;
    return after(Math.min(1, (step - warmupSteps) / Math.max(1, steps - 1 - warmupSteps)));
  };
}

/** A linear rise over the first `warmupSteps` steps, times half a cosine over all of them: min(1, (step + 1)/warmupSteps)·(end + (1 − end)·½(1 + cos(π·step/steps))). */
export function cosineWithWarmup(
  { steps, warmupSteps, end }: { steps: number; warmupSteps: number; end: number },
): Schedule {
  return (step) =>
    Math.min(1, (step + 1) / Math.max(1, warmupSteps)) *
    (end + (1 - end) * (0.5 + 0.5 * Math.cos(Math.PI * step / steps)));
}
