import { unfit } from "../../tensor/describe.ts";
import { checkKind, record, wholeNumber } from "../../tensor/options.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Run } from "./run.ts";

/** What overfitting must reach: PSNR in dB, and cross-entropy in nats of both sub-tokens together. */
export const bars = { tokenizer: 30, transformer: 0.1 } as const;

/** Throws `ArgumentError` for what is no complete configuration; `action` completes "Cannot …". */
function checkRun(run: Run, action: string): void {
  const { stage, data, model, optimizer } = (run ?? {}) as Partial<Run>;
  if ((stage === "tokenizer" || stage === "transformer") && [data, model, optimizer].every(record.fits)) {
    return;
  }
  throw unfit(`Cannot ${action}: run`, "a configuration as readRun and parseRun give it", run);
}

/** Steps between evaluations while overfitting. */
const evaluateEvery = 25;

/**
 * A run that checks that a stage can learn: it overfits the first `images`, without augmentation and dropout, until it
 * reaches the bar. It fails if that takes more than the run's steps.
 */
export function overfitting<R extends Run>(run: R, images: number): R {
  checkRun(run, "overfit");
  checkKind(images, wholeNumber(1), "Cannot overfit: images");
  const overfit = { images, bar: bars[run.stage] };
  const intervals = { ...run.intervals, evaluate: evaluateEvery };
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
 * The same run with its learning rate scaled in proportion to its batch size (linear scaling rule).
 * Throws `ArgumentError` if the configuration has no `optimizer.learningRateBatch`.
 */
export function withScaledLearningRate<R extends Run>(run: R): R {
  checkRun(run, "scale the learning rate");
  const { learningRate, learningRateBatch } = run.optimizer;
  if (learningRateBatch === undefined) {
    throw new ArgumentError("Cannot scale the learning rate: optimizer.learningRateBatch", {
      expected: "the batch for which optimizer.learningRate was chosen",
      got: "nothing",
    });
  }
  return {
    ...run,
    optimizer: {
      ...run.optimizer,
      learningRate: learningRate * run.batch / learningRateBatch,
      learningRateBatch: run.batch,
    },
  };
}
