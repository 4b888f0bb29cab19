import { relaxed, simd, threads } from "./_generated_training.ts";
import { attentionLowering, attentionTraining } from "./lower/attention.ts";
import { convLowering, convTraining } from "./lower/conv.ts";
import { elementwiseLowering, elementwiseTraining } from "./lower/elementwise.ts";
import { linearLowering, linearTraining } from "./lower/linear.ts";
import { lossTraining } from "./lower/loss.ts";
import { normLowering, normTraining } from "./lower/norm.ts";
import { optimizerTraining } from "./lower/optimizer.ts";
import { poolLowering, poolTraining } from "./lower/pool.ts";
import { quantizeLowering } from "./lower/quantize.ts";
import { reduceLowering, reduceTraining } from "./lower/reduce.ts";
import { samplingLowering } from "./lower/sampling.ts";
import { shapeLowering, shapeTraining } from "./lower/shape.ts";
import type { TrainingKernels } from "./lowering.ts";

/** What makes a WASM backend run programs of training. In a file of its own, so that bundles for inference do without. */
export const trainingKernels: TrainingKernels = {
  build: { threads, relaxed, simd },
  lowering: {
    ...elementwiseLowering,
    ...shapeLowering,
    ...reduceLowering,
    ...linearLowering,
    ...convLowering,
    ...poolLowering,
    ...normLowering,
    ...attentionLowering,
    ...quantizeLowering,
    ...samplingLowering,
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
