import type { States, WeightSource } from "../../backend/backend.ts";
import type { SampleRows } from "./journal.ts";
import type { Inputs } from "../training_program.ts";
import type { TrainingStep } from "../training_step.ts";

export type { Inputs };

/** What the training loop needs of a stage: its step, its data, and the evaluation of the model. */
export interface Stage extends AsyncDisposable {
  readonly training: TrainingStep;
  /** Outputs that an error names where they are not finite and a step is skipped. */
  readonly checked: readonly string[];
  /** The weights that training starts from, frozen ones included. */
  readonly source: WeightSource;
  /** Names of the model's frozen weights; checkpoints hold them as well. */
  readonly frozen: readonly string[];
  /** The data of a step (from 0): a function of it and of the seed. Called ahead of the step. */
  data(step: number): Promise<Inputs>;
  /** The other inputs of a microbatch, `updates` being the steps so far that were not skipped; and the learning rate. */
  settings(
    step: number,
    options: { updates: number; microbatch: number },
  ): { inputs: Inputs; learningRate: number };
  /** Evaluates the model in these states: numbers by name. */
  evaluate?(states: States): Promise<Readonly<Record<string, number>>>;
  /** Rows of images that show what the model in these states does. */
  samples?(states: States): Promise<SampleRows>;
  /** The number by which models are compared, and whether the largest is best. */
  readonly best: { readonly metric: string; readonly largest: boolean };
  /** Further metadata of checkpoints. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Writes the model of a checkpoint into a run's folder, and returns the paths. */
  publish(checkpoint: string, folder: string): Promise<readonly string[]>;
}
