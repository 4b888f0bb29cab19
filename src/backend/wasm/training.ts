import type { Tensor } from "../../graph/ops.ts";
import { relaxed, simd, threads } from "./_generated_training.ts";
import { inputGradScratch } from "./conv_grad.ts";
import { weightGradScratch } from "./conv_weight_grad.ts";
import { attentionLowering, attentionTraining } from "./lower/attention.ts";
import { convLowering, convTraining } from "./lower/conv.ts";
import { elementwiseLowering, elementwiseTraining } from "./lower/elementwise.ts";
import { linearLowering, linearTraining, matmulProduct, plainLinear } from "./lower/linear.ts";
import { lossTraining } from "./lower/loss.ts";
import { normLowering, normTraining, rmsNormWeightScratch } from "./lower/norm.ts";
import { optimizerTraining } from "./lower/optimizer.ts";
import { quantizeLowering } from "./lower/quantize.ts";
import { reduceLowering, reduceTraining, squareSumScratch } from "./lower/reduce.ts";
import { samplingLowering } from "./lower/sampling.ts";
import { shapeLowering, shapeTraining } from "./lower/shape.ts";
import type { TrainingKernels } from "./lowering.ts";
import { productBytes } from "./product.ts";

/** What makes a WASM backend run programs of training. In a file of its own, so that bundles for inference do without. */
export const trainingKernels: TrainingKernels = {
  build: { threads, relaxed, simd },
  lowering: {
    ...elementwiseLowering,
    ...shapeLowering,
    ...reduceLowering,
    ...linearLowering,
    ...convLowering,
    ...normLowering,
    ...attentionLowering,
    ...quantizeLowering,
    ...samplingLowering,
    ...elementwiseTraining,
    ...shapeTraining,
    ...reduceTraining,
    ...linearTraining,
    ...convTraining,
    ...normTraining,
    ...attentionTraining,
    ...lossTraining,
    ...optimizerTraining,
  },
  scratchBytes: trainingScratch,
};

/** Bytes of the buffer that an op's commands share; undefined where its commands are those of inference. */
function trainingScratch(tensor: Tensor, packed: (weight: Tensor) => boolean): number | undefined {
  switch (tensor.op) {
    case "linear": {
      const product = plainLinear(tensor, packed);
      return product && productBytes(product);
    }
    case "matmul":
      return productBytes(matmulProduct(tensor));
    case "square_sum":
      return squareSumScratch(tensor);
    case "rms_norm_weight_grad":
      return rmsNormWeightScratch(tensor);
    case "conv2d_input_grad":
      return inputGradScratch(tensor);
    case "conv2d_weight_grad":
      return weightGradScratch(tensor);
  }
}
