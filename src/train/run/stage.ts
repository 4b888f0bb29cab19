import type { States, WeightSource } from "../../backend/backend.ts";
import type { SampleRows } from "./journal.ts";
import type { Inputs } from "../training_program.ts";
import type { TrainingStep } from "../training_step.ts";

export type { Inputs };

/** What the loop of training needs of a stage: its step, what goes in, and how good the model has become. */
export interface Stage extends AsyncDisposable {
  readonly training: TrainingStep;
  /** Outputs that are not all finite where a step is skipped, and says so by its output `finite`. */
  readonly checked: readonly string[];
  /** The weights with which a training begins, those that stay as well. */
  readonly source: WeightSource;
  /** Names of the model's weights that stay: they go into checkpoints, too. */
  readonly frozen: readonly string[];
  /** The data of a step (from 0): a function of it and of the seed. Called ahead of the step. */
  data(step: number): Promise<Inputs>;
  /** The other inputs of a microbatch, `updates` being the steps so far that were not skipped; and the learning rate. */
  settings(
    step: number,
    options: { updates: number; microbatch: number },
  ): { inputs: Inputs; learningRate: number };
  /** How good the model in these states is: numbers by name. */
  evaluate?(states: States): Promise<Readonly<Record<string, number>>>;
  /** Rows of images that show what the model in these states does. */
  samples?(states: States): Promise<SampleRows>;
  /** Which of these numbers tells the best model, and whether the largest is best. */
  readonly best: { readonly metric: string; readonly largest: boolean };
  /** What the metadata of checkpoints says beside the training's own. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Writes what is to be used of a checkpoint into a run's folder, and gives the paths. */
  publish(checkpoint: string, folder: string): Promise<readonly string[]>;
}
