import type { TrainingParts } from "./select.ts";
import { trainingKernels } from "./wasm/training.ts";
import { trainingShaders } from "./webgpu/training.ts";

/** What backends need to train, for `createBackend`. Apart, so that bundles for inference do without it. */
export const trainingParts: TrainingParts = { wasm: trainingKernels, webgpu: trainingShaders };
