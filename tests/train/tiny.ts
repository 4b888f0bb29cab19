import type { Backend, CompileOptions } from "../../src/backend/backend.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { initializeStates } from "../../src/train/initialize_states.ts";
import { adamStep } from "../../src/train/optimizer/adam.ts";
import { stepRandom } from "../../src/train/randomness.ts";
import { optimizers, stepFactors, type TokenizerStepConfig } from "../../src/train/tokenizer_step.ts";
import { TrainingProgram } from "../../src/train/training_program.ts";
import { statesOf, type TrainingStep } from "../../src/train/training_step.ts";
import type { TransformerStepConfig } from "../../src/train/transformer_step.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

/** A transformer that trains in milliseconds, and how. */
export const tinyTransformer: TransformerConfig = {
  dim: 32,
  heads: 2,
  layers: 1,
  factorizedLayers: 1,
  hidden: 256,
  bits: [3, 4],
  grid: 4,
  classes: 3,
};
export const transformerTraining: TransformerStepConfig = {
  dropout: 0.1,
  classDropout: 0.5,
  adam: { beta1: 0.9, beta2: 0.95 },
  weightDecay: 0.05,
  clip: 1,
  emaDecay: 0.9,
};

/** A tokenizer that trains in tenths of a second, and how. */
export const tinyTokenizer: TokenizerConfig = {
  kind: "image",
  ch: 32,
  chMult: [1, 2],
  numResBlocks: 1,
  zChannels: 6,
  inChannels: 3,
  outChannels: 3,
};
export const tokenizerTraining: TokenizerStepConfig = {
  discriminator: { kind: "patch", ndf: 16, layers: 2, loss: "vanilla", lecamWeight: 0.01 },
  entropyWeight: 0.1,
  commitmentWeight: 0.25,
  perceptual: false,
  adam: { beta1: 0.5, beta2: 0.9 },
  emaDecay: 0.999,
};

/** The inputs of step `step` (from 1) of the tiny transformer on n images. */
export function transformerInputs(
  { n, step, learningRate = 1e-3 }: { n: number; step: number; learningRate?: number },
): Record<string, HostTensor> {
  const positions = tinyTransformer.grid ** 2;
  const words = Uint32Array.from({ length: positions * n }, (_, i) => (i * 7 + step) % 8);
  return {
    classes: u32Tensor([n], Uint32Array.from({ length: n }, (_, i) => i % 3)),
    pre: u32Tensor([n, positions], words),
    post: u32Tensor([n, positions], words),
    ...stepRandom({ seed: 7, step }),
    ...adamStep({ step, learningRate }, transformerTraining.adam),
  };
}

/** The inputs of step `step` (from 1) of the tiny tokenizer on n images. */
export function tokenizerInputs(
  { n, size, step }: { n: number; size: number; step: number },
): Record<string, HostTensor> {
  const each = { step, learningRate: 1e-4 }, shape = [n, size, size, 3];
  return {
    x: f32Tensor(shape, hashed(`x ${step}`, shape)),
    ...adamStep(each, { ...tokenizerTraining.adam, name: optimizers.generator }),
    ...adamStep(each, { ...tokenizerTraining.adam, name: optimizers.discriminator }),
    ...stepFactors({ generator: 1, discriminator: 1, entropy: 1.5 }),
  };
}

/** A step's program with the states that training of weights made from their names begins with. It ends with its backend. */
export async function begun(
  backend: Backend,
  training: TrainingStep,
  options: Pick<CompileOptions, "activations"> = {},
): Promise<TrainingProgram> {
  const weights = await backend.load(hashedWeights([]), { graphs: [training.gradients] });
  const program = await TrainingProgram.compile(backend, training, { ...options, weights });
  await initializeStates(program.states, training, {
    shapes: new Map(),
    read: (name) => Promise.resolve(hashedWeight(name, training.parameters.get(name)!.shape)),
  });
  return program;
}

/** The bits of all states of a step's programs but gradients, by name. */
export async function stateBits(
  { states }: Pick<TrainingProgram, "states">,
  training: TrainingStep,
): Promise<Record<string, Uint32Array>> {
  const bits: Record<string, Uint32Array> = {};
  for (const name of statesOf(training).keys()) {
    bits[name] = new Uint32Array((await states.read(name)).data.buffer.slice(0));
  }
  return bits;
}
