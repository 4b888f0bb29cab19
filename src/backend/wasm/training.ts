import { relaxed, simd, threads } from "./_generated_training.ts";
import type { TrainingKernels } from "./lower.ts";
import { trainingLowering, trainingScratch } from "./lower_training.ts";

/** What makes a WASM backend run programs of training. Apart, so that bundles for inference do without it. */
export const trainingKernels: TrainingKernels = {
  build: { threads, relaxed, simd },
  lowering: trainingLowering,
  scratchBytes: trainingScratch,
};
