import { attentionTraining } from "./lower/attention.ts";
import { convTraining } from "./lower/conv.ts";
import { elementwiseTraining } from "./lower/elementwise.ts";
import { inferenceLowering } from "./lower/inference.ts";
import { linearTraining } from "./lower/linear.ts";
import { lossTraining } from "./lower/loss.ts";
import { normTraining } from "./lower/norm.ts";
import { optimizerTraining } from "./lower/optimizer.ts";
import { poolTraining } from "./lower/pool.ts";
import { reduceTraining } from "./lower/reduce.ts";
import { shapeTraining } from "./lower/shape.ts";
import type { TrainingKernels } from "./lowering.ts";

/** What makes a WASM backend run programs of training. In a file of its own, so that bundles for inference do without. */
export const trainingKernels: TrainingKernels = {
  build: {
    threads: () => import("./_generated_training_threads.ts"),
    relaxed: () => import("./_generated_training_relaxed.ts"),
    simd: () => import("./_generated_training_simd.ts"),
  },
  lowering: {
    ...inferenceLowering,
    ...elementwiseTraining,
    ...shapeTraining,
    ...reduceTraining,
    ...linearTraining,
    ...convTraining,
    ...poolTraining,
    ...normTraining,
    ...attentionTraining,
    ...lossTraining,
    ...optimizerTraining,
  },
};
