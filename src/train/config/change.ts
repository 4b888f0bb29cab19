import { ArgumentError } from "../../tensor/errors.ts";
import type { Run } from "./run.ts";

/** How well some images must be learnt by heart: PSNR in dB, and cross-entropy in nats of both sub-tokens together. */
export const bars = { tokenizer: 30, transformer: 0.1 } as const;

/** After so many steps it is looked whether they are. */
const lookEvery = 25;

/**
 * A run that tests whether a stage can learn at all: on the first `images` alone, unchanged and without dropout, until
 * what it makes of them passes the bar. It fails where that does not happen within the run's steps.
 */
export function overfitting<R extends Run>(run: R, images: number): R {
  const overfit = { images, bar: bars[run.stage] };
  const intervals = { ...run.intervals, evaluate: lookEvery };
  const order = { order: "epochs", mirror: "none" } as const;
  return run.stage === "tokenizer"
    ? { ...run, overfit, intervals, data: { ...run.data, ...order, crop: "center", heldOut: undefined } }
    : {
      ...run,
      overfit,
      intervals,
      data: { ...run.data, ...order },
      model: { ...run.model, dropout: 0, classDropout: 0 },
    };
}

/**
 * The same run with the learning rate that suits its batch: in proportion to it.
 * Throws `ArgumentError` where the configuration does not say for which batch its rate was chosen.
 */
export function withScaledRate<R extends Run>(run: R): R {
  const { rate, rateBatch } = run.optimizer;
  if (rateBatch === undefined) {
    throw new ArgumentError("Cannot scale the learning rate: optimizer.rateBatch", {
      expected: "the batch for which optimizer.rate was chosen",
      got: "nothing",
    });
  }
  return {
    ...run,
    optimizer: { ...run.optimizer, rate: rate * run.batch / rateBatch, rateBatch: run.batch },
  };
}
