import type { TrainingShaders } from "./commands.ts";
import { trainingLowering } from "./lower_training.ts";
import { packed } from "./lower_training_vision.ts";

/** What makes a WebGPU backend run programs of training. Apart, so that bundles for inference do without it. */
export const trainingShaders: TrainingShaders = { lowering: trainingLowering, pack: packed };
