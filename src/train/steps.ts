/**
 * Steps of training as graphs, for hosts without files, such as browsers: what `train` of `@voken/magvit2/train` is made of.
 *
 * ```ts
 * import { f32Tensor } from "@voken/magvit2";
 * import { WebGpuBackend } from "@voken/magvit2/advanced";
 * import * as steps from "@voken/magvit2/train/steps";
 *
 * const model = { kind: "image", ch: 32, chMult: [1, 2], numResBlocks: 1, zChannels: 10, inChannels: 3, outChannels: 3 };
 * const adam = { beta1: 0.9, beta2: 0.99 };
 * const step = steps.tokenizerStep(model, {
 *   ...{ n: 8, size: 32, perceptual: false, entropyWeight: 0.1, commitmentWeight: 0.25 },
 *   ...{ adam, emaDecay: 0.999 },
 * });
 * const shapes = new Map([...step.parameters].map(([name, { shape }]) => [name, shape]));
 * const source = steps.tokenizerInitialValues(shapes, { seed: 0 });
 *
 * await using backend = new WebGpuBackend({ training: steps.trainingShaders });
 * await using weights = await backend.load(source, { graphs: [step.gradients] });
 * await using program = await steps.TrainingProgram.compile(backend, step, { weights });
 * await steps.initializeStates(program.states, step, source);
 * for (let i = 1; i <= 1000; i++) {
 *   const { total_loss } = await program.run({
 *     x: f32Tensor([8, 32, 32, 3], nextImages()),
 *     ...steps.adamStep({ step: i, learningRate: 1e-4 }, { ...adam, name: steps.optimizers.generator }),
 *     ...steps.stepFactors({ generator: 0, discriminator: 0, entropy: 1 }),
 *   });
 *   console.log(i, total_loss.data[0]);
 * }
 * const weight = await program.states.read("decoder.conv_out.weight");
 * ```
 *
 * @module
 */
export { trainingKernels } from "../backend/wasm/training.ts";
export { trainingShaders } from "../backend/webgpu/training.ts";
export { microbatchInput } from "./accumulate_gradients.ts";
export { initializeStates } from "./initialize_states.ts";
export { tokenizerInitialValues, transformerInitialValues } from "./initial_values.ts";
export { lossScaleFor } from "./loss_scale.ts";
export type { LossScaleConfig } from "./loss_scale.ts";
export { adamStep } from "./optimizer/adam.ts";
export type { AdamConfig } from "./optimizer/adam.ts";
export { stepRandom } from "./randomness.ts";
export type { StepRandom } from "./randomness.ts";
export type { Quantizer, QuantizerLosses } from "../tokenizer/quantizers/quantizer.ts";
export { lpipsPath, optimizers, stepFactors, tokenizerStep } from "./tokenizer_step.ts";
export type { DiscriminatorConfig, StepFactors, TokenizerStepConfig } from "./tokenizer_step.ts";
export { TrainingProgram } from "./training_program.ts";
export type { Inputs } from "./training_program.ts";
export type { TrainingStep } from "./training_step.ts";
export { transformerStep } from "./transformer_step.ts";
export type { TransformerStepConfig } from "./transformer_step.ts";
export type { UpdateConfig } from "./apply_gradients.ts";
