import type { AtomicOptions } from "../io/atomic.ts";
import type { Backend } from "../backend/backend.ts";
import { unfit } from "../tensor/describe.ts";
import { NumericError } from "../tensor/errors.ts";
import {
  callback,
  cancellable,
  checkOptions,
  filePath,
  flag,
  type Kinds,
  record,
  required,
} from "../tensor/options.ts";
import { createBackend } from "../backend/select.ts";
import { trainingParts } from "../backend/training.ts";
import { parseRun } from "./config/parse.ts";
import type { Run } from "./config/run.ts";
import type { ImageReaderOptions } from "../data/image_reader.ts";
import { checkPrecision } from "./precision.ts";
import { trainingLoop, type TrainingObserver } from "./run/loop.ts";
import { checkpointPath, RunFolder } from "./run/run_folder.ts";
import type { OpenTokensOptions } from "./stages/run_tokens.ts";
import type { Progress } from "./run/training_checkpoint.ts";
import { TokenizerStage } from "./stages/tokenizer_stage.ts";
import { TransformerStage } from "./stages/transformer_stage.ts";

/** How a training is run. */
export interface TrainOptions extends AtomicOptions, TrainingObserver {
  /** The run's folder. */
  readonly folder: string;
  /** Goes on with the run that is there, if there is one. */
  readonly resume?: boolean;
  /** Aborted to have the step finished, the states saved, and the training left. */
  readonly signal?: AbortSignal;
  /** A backend of yours, which is then not disposed; default: what the configuration says. */
  readonly backend?: Backend;
  /** Called while images become tokens, before the first step of a transformer. */
  readonly onEncoded?: OpenTokensOptions["onEncoded"];
  /** Called for each image that is damaged, and passed over. */
  readonly onDamaged?: ImageReaderOptions["onDamaged"];
}

const kinds: Kinds<TrainOptions> = {
  folder: required(filePath),
  resume: flag,
  backend: {
    expected: "a backend",
    fits: (value) => typeof (value as Backend | null)?.compile === "function",
  },
  onStep: callback,
  onRecord: callback,
  onEncoded: callback,
  onDamaged: callback,
  fileSystem: record,
  ...cancellable,
};

/** How a training ended. */
export interface Trained extends Progress {
  /** Whether all steps were done. */
  readonly finished: boolean;
  /** The newest checkpoint. */
  readonly checkpoint: string;
  /** Folders of models to be used, once all steps are done: averaged weights first. */
  readonly models: readonly string[];
}

/**
 * Trains a tokenizer or a transformer as `run` says (see `parseRun`), in a folder of its own: `config.json`,
 * `metrics.jsonl`, `checkpoints/`, and at the end `model/`. All randomness is a function of the seed and of a step's
 * number, so that a run that was stopped and resumed is the same, bit by bit, as one that was not.
 *
 * Throws `ArgumentError`, `CheckpointError` or `DataError` for what does not fit together, `FileError` where the folder is
 * in use or cannot be written, `NumericError` where numbers are no longer finite or an overfitting run does not reach its goal
 * to be, `BackendError` where the machine fails.
 */
export async function train(run: Run, options: TrainOptions): Promise<Trained> {
  checkOptions(options, kinds, "train");
  run = checkedRun(run);
  const own = options.backend
    ? undefined
    : await createBackend(run.backend, { threads: run.threads, training: trainingParts });
  await using _own = own;
  const backend = options.backend ?? own!;
  await checkPrecision(run.precision, backend);
  await using folder = await RunFolder.open(options.folder, {
    config: run,
    resume: options.resume ?? false,
    fileSystem: options.fileSystem,
  });
  await using stage = run.stage === "tokenizer"
    ? await TokenizerStage.open(run, backend, options)
    : await TransformerStage.open(run, { ...options, folder: folder.path, backend });
  const ended = await trainingLoop(stage, { ...options, backend, folder, run });
  const checkpoint = checkpointPath(folder.path, ended.step);
  if (ended.finished) checkLearnt(run, { ...ended, ...stage.best });
  const models = ended.finished ? await stage.publish(checkpoint, folder.path) : [];
  return { ...ended, checkpoint, models };
}

/** A configuration that may have been made or changed after `parseRun`, before anything is written. Throws `ArgumentError`. */
function checkedRun(run: Run): Run {
  const stage: unknown = run?.stage;
  if (stage === "tokenizer" || stage === "transformer") return parseRun(run, { stage });
  throw unfit("Cannot train: run", "a configuration as readRun and parseRun give it", run);
}

/** Throws `NumericError` if an overfitting run did not reach its goal. */
function checkLearnt(
  { overfit, stage }: Run,
  { step, best, metric, largest }: Progress & { metric: string; largest: boolean },
): void {
  const passed = overfit && best && (largest ? best.value >= overfit.bar : best.value <= overfit.bar);
  if (!overfit || passed) return;
  throw new NumericError(`Cannot overfit ${overfit.images} images`, {
    expected: `${metric} of at ${largest ? "least" : "most"} ${overfit.bar} within ${step} steps`,
    got: best ? best.value.toFixed(3) : "no evaluation",
    hint: `give it more steps or another learning rate; if that does not help, the ${stage} cannot learn`,
  });
}
