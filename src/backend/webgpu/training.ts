import { trainingSources } from "./_generated_training.ts";
import { attentionTraining } from "./lower/attention_grad.ts";
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
import type { TrainingShaders } from "./lowering.ts";
import { packed } from "./pack_in_run.ts";

/** What makes a WebGPU backend run programs of training. In a file of its own, so that bundles for inference do without. */
export const trainingShaders: TrainingShaders = {
  sources: trainingSources,
  // The rules named as in `wasm/training.ts` are this backend's own.
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
  pack: packed,
};
