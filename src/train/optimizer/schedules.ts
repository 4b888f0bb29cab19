/** A learning rate's factor at a step, from 0. */
export type Schedule = (step: number) => number;

/** Steps and factors of a schedule that warms up. */
export interface WarmUp {
  /** Steps of all training. */
  readonly steps: number;
  /** Steps over which the factor rises linearly from `start` to 1. */
  readonly warmUp: number;
  readonly start: number;
  /** The factor at the last step. */
  readonly end: number;
}

/** 1 until the first of `drops`, then a tenth, and a tenth of that after each of the others. */
export function drops(at: readonly number[], factor = 0.1): Schedule {
  return (step) => at.reduce((rate, drop) => step >= drop ? rate * factor : rate, 1);
}

/** Warm-up, then half a cosine from 1 to `end`. */
export function warmUpCosine(options: WarmUp): Schedule {
  return warmedUp(
    options,
    (past) => options.end + (1 - options.end) * (0.5 + 0.5 * Math.cos(Math.PI * past)),
  );
}

/** Warm-up, then 1 for the first twentieth of the rest, then a line to `end`. */
export function warmUpHoldLinear(options: WarmUp): Schedule {
  const hold = 0.05;
  return warmedUp(
    options,
    (past) => past < hold ? 1 : options.end + (1 - options.end) * (1 - past) / (1 - hold),
  );
}

/** `after` is given how much of the rest is past, from 0 to 1. */
function warmedUp({ steps, warmUp, start }: WarmUp, after: (past: number) => number): Schedule {
  return (step) => {
    if (step < warmUp) return start + (1 - start) * step / warmUp;
    return after(Math.min(1, (step - warmUp) / Math.max(1, steps - 1 - warmUp)));
  };
}

/** A line over the first `warmUp` steps, times half a cosine over all of them: min(1, (step + 1)/warmUp)·(end + (1 − end)·½(1 + cos(π·step/steps))). */
export function risingCosine(
  { steps, warmUp, end }: { steps: number; warmUp: number; end: number },
): Schedule {
  return (step) =>
    Math.min(1, (step + 1) / Math.max(1, warmUp)) *
    (end + (1 - end) * (0.5 + 0.5 * Math.cos(Math.PI * step / steps)));
}
