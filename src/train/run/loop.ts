import type { AtomicOptions } from "../../io/atomic.ts";
import type { Backend } from "../../backend/backend.ts";
import { NumericError } from "../../tensor/errors.ts";
import { f32Tensor } from "../../tensor/tensor.ts";
import type { Run } from "../config/run.ts";
import { initializeStates } from "../initialize_states.ts";
import { leastLossScale } from "../loss_scale.ts";
import { TrainingProgram } from "../training_program.ts";
import { statesOf } from "../training_step.ts";
import { Journal } from "./journal.ts";
import type { MetricsRecord } from "./metrics_log.ts";
import type { RunFolder } from "./run_folder.ts";
import { microbatchesOf } from "./microbatches.ts";
import type { Inputs, Stage } from "./stage.ts";
import { loadTraining, type Progress, saveTraining } from "./training_checkpoint.ts";

/** Callbacks of a training. */
export interface TrainingObserver {
  /** Called after each step with the number of steps done and its outputs. */
  onStep?(progress: { step: number; steps: number; outputs: Readonly<Record<string, number>> }): void;
  /** Called with each record of the log. */
  onRecord?(record: MetricsRecord): void | Promise<void>;
}

/** Options of `trainingLoop`. */
export interface LoopOptions extends AtomicOptions, TrainingObserver {
  readonly backend: Backend;
  readonly folder: RunFolder;
  readonly run: Run;
  /** When aborted, the loop finishes its step, saves the states and returns. */
  readonly signal?: AbortSignal;
}

/**
 * Trains a stage from its start, or from the newest checkpoint of the folder, up to the last step or until `signal`.
 * Returns the progress and whether the training is finished; the newest checkpoint is of that step.
 *
 * Throws `NumericError` after too many skipped steps in a row, the last good state saved; `FileError` where a checkpoint
 * or the log cannot be written, the older checkpoints kept.
 */
export async function trainingLoop(
  stage: Stage,
  options: LoopOptions,
): Promise<Progress & { finished: boolean }> {
  const { backend, folder } = options, { training } = stage, activations = options.run.precision;
  await using weights = await backend.load(stage.source, { graphs: [training.gradients] });
  await using program = await TrainingProgram.compile(backend, training, { weights, activations });
  const loop = new Loop(stage, { ...options, program });
  const { run, fileSystem } = options, step = await loop.begin();
  await using journal = await Journal.open(folder.path, { step, run, fileSystem });
  await loop.go(journal);
  return { ...loop.progress, finished: loop.progress.step === run.steps || loop.reached };
}

/**
 * Whether the loss scale was lowered after a step that was not finite and can be lowered further. Then the scale may have
 * been the cause, or will soon be 1.
 */
function scaledDown({ loss_scale: scale = leastLossScale }: Readonly<Record<string, number>>): boolean {
  return scale > leastLossScale;
}

class Loop {
  progress: Progress = { step: 0, skipped: 0 };
  readonly #stage: Stage;
  readonly #options: LoopOptions & { program: TrainingProgram };
  #saved = -1;

  constructor(stage: Stage, options: LoopOptions & { program: TrainingProgram }) {
    this.#stage = stage;
    this.#options = options;
  }

  /** Loads the newest checkpoint, or initializes the states; returns the number of steps done. */
  async begin(): Promise<number> {
    const { folder, program } = this.#options, { newest } = folder, { training } = this.#stage;
    if (newest === undefined) await this.#initialize();
    else {
      this.progress = await loadTraining(newest, { states: program.states, training });
      this.#saved = this.progress.step;
    }
    return this.progress.step;
  }

  /** Initializes the states, also those of the source besides parameters, such as running statistics. */
  async #initialize(): Promise<void> {
    const { training, source } = this.#stage, { states } = this.#options.program;
    await initializeStates(states, training, source);
    for (const [name, shape] of statesOf(training)) {
      if (training.parameters.has(name) || !source.shapes.has(name)) continue;
      await states.write(name, f32Tensor(shape, await source.read(name)));
    }
  }

  async go(journal: Journal): Promise<void> {
    const { run, program, signal, onStep, onRecord } = this.#options, { steps, intervals } = run;
    const stage = this.#stage;
    const record = async (values: Readonly<Record<string, number>>) => {
      const line = await journal.record(this.progress.step, values);
      await onRecord?.(line);
    };
    let skippedInRow = 0, timed = { steps: 0, seconds: 0 };
    let next = this.#fetch(this.progress.step);
    while (this.progress.step < steps && !this.reached && !signal?.aborted) {
      const { step, skipped } = this.progress, data = await next;
      next = this.#fetch(step + 1);
      const start = performance.now(), { finite, ...outputs } = await this.#step(data);
      timed = { steps: timed.steps + 1, seconds: timed.seconds + (performance.now() - start) / 1000 };
      const skips = finite === 0;
      skippedInRow = skips ? skippedInRow + (scaledDown(outputs) ? 0 : 1) : 0;
      this.progress = { ...this.progress, step: step + 1, skipped: skipped + (skips ? 1 : 0) };
      onStep?.({ step: step + 1, steps, outputs });
      const done = step + 1 === steps, due = (every: number) => every > 0 && (step + 1) % every === 0;
      if (due(intervals.log) || done || skips) {
        await record({
          ...outputs,
          learning_rate: stage.settings(step, { updates: step - skipped, microbatch: 0 }).learningRate,
          seconds: timed.seconds / timed.steps,
          skipped: this.progress.skipped,
        });
        timed = { steps: 0, seconds: 0 };
      }
      const stops = skippedInRow >= run.maxSkipped;
      const better = !stops && (due(intervals.evaluate) || done && intervals.evaluate > 0) &&
        await this.#evaluate(record);
      const shows = !stops && (due(intervals.sample) || done && intervals.sample > 0);
      const sheet = shows && await stage.samples?.(program.states);
      if (sheet) await journal.sheet(step + 1, sheet);
      const saves = better || due(intervals.checkpoint) || done || stops;
      if (saves) await this.#save();
      if (saves || sheet) await journal.report();
      if (stops) throw this.#stopped(skippedInRow, outputs);
    }
    await next?.catch(() => {});
    if (this.#saved === this.progress.step) return;
    await this.#save();
    await journal.report();
  }

  /** Runs a step and returns its outputs. */
  async #step(data: Inputs): Promise<Record<string, number>> {
    const { run, program } = this.#options, { step, skipped } = this.progress;
    const microbatches = microbatchesOf(data, run.microbatches).map((some, microbatch) => ({
      ...some,
      ...this.#stage.settings(step, { updates: step - skipped, microbatch }).inputs,
    }));
    const outputs = Object.entries(await program.run(...microbatches));
    return Object.fromEntries(outputs.map(([name, { data: [value] }]) => [name, value!]));
  }

  /** The data of a step, if there is one. Errors surface when the promise is awaited. */
  #fetch(step: number): ReturnType<Stage["data"]> {
    const data = step < this.#options.run.steps ? this.#stage.data(step) : Promise.resolve({});
    data.catch(() => {});
    return data;
  }

  /** Whether an evaluation has reached the goal of an overfitting run. */
  get reached(): boolean {
    const { overfit } = this.#options.run, { best } = this.progress, { largest } = this.#stage.best;
    return overfit !== undefined && best !== undefined &&
      (largest ? best.value >= overfit.bar : best.value <= overfit.bar);
  }

  /** Evaluates the model and returns whether it is the best so far. */
  async #evaluate(record: (values: Readonly<Record<string, number>>) => Promise<unknown>): Promise<boolean> {
    if (!this.#stage.evaluate) return false;
    const found = await this.#stage.evaluate(this.#options.program.states);
    const { metric, largest } = this.#stage.best, value = found[metric];
    if (value === undefined) return false;
    await record(found);
    const { best, step } = this.progress;
    if (!Number.isFinite(value)) return false;
    if (best && (largest ? value <= best.value : value >= best.value)) return false;
    this.progress = { ...this.progress, best: { step, value } };
    return true;
  }

  async #save(): Promise<void> {
    const { folder, run, program, fileSystem } = this.#options, { progress } = this;
    const { metadata, source, frozen, training } = this.#stage, { states } = program;
    await folder.save(
      progress.step,
      (path) => saveTraining(path, { states, training, progress, metadata, fileSystem, source, frozen }),
      { keep: run.keep, best: progress.best?.step },
    );
    this.#saved = progress.step;
  }

  #stopped(inRow: number, outputs: Readonly<Record<string, number>>): NumericError {
    const bad = this.#stage.checked.filter((name) => !Number.isFinite(outputs[name]));
    return new NumericError(`Cannot continue training after step ${this.progress.step}`, {
      expected: "finite losses and gradients",
      got: `${bad.join(", ")} not finite, ${inRow} steps in a row`,
      hint: "the last good state is saved; start again with a lower learning rate or a longer warmup",
    });
  }
}
