/** Steps of training of the published models, with everything that their presets have. */
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { initializeStates } from "../../src/train/initialize_states.ts";
import { adamStep } from "../../src/train/optimizer/adam.ts";
import { stepRandom } from "../../src/train/randomness.ts";
import { optimizers, stepFactors, tokenizerStep } from "../../src/train/tokenizer_step.ts";
import { TrainingProgram } from "../../src/train/training_program.ts";
import type { TrainingStep } from "../../src/train/training_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { DeviceTime, medianTime } from "./device_time.ts";
import { fastValues, fastWeight, fastWeights } from "./fast_weights.ts";
import { printKernels } from "./kernels.ts";
import { tokenizers, transformers } from "./models.ts";
import { milliseconds, type Options, short } from "./part.ts";

/** A model's step and its inputs, step by step from 1. */
interface Training {
  readonly model: string;
  readonly batch: number;
  readonly size?: number;
  readonly step: TrainingStep;
  readonly inputs: (step: number) => Record<string, HostTensor>;
}

/** Steps of AR_256_B, then of imagenet_256_L at 128² and, with `large`, at 256². */
export async function training(options: Options): Promise<void> {
  const { small, large } = options;
  await timeSteps(options, transformerTraining(small));
  for (const size of small ? [32] : large ? [128, 256] : [128]) {
    await timeSteps(options, tokenizerTraining(small, size));
  }
}

async function timeSteps({ small, report }: Options, { step, inputs, ...name }: Training): Promise<void> {
  const clock = await DeviceTime.open(), start = performance.now();
  await using backend = new WebGpuBackend({
    device: clock.device,
    training: trainingShaders,
    keepWeights: false,
  });
  const graphs = [step.gradients];
  await using weights = await backend.load(fastWeights(graphs), { graphs });
  await using program = await TrainingProgram.compile(backend, step, { weights });
  await initializeStates(program.states, step, {
    shapes: new Map(),
    read: (name) => Promise.resolve(fastWeight(name, step.parameters.get(name)!.shape)),
  });
  const { flop, arenaBytes, commands } = program.stats, setUp = performance.now() - start;
  const what = `train ${name.model}${name.size ? ` at ${name.size}²` : ""}, ${name.batch} images`;
  console.log(
    `${what}: ready in ${short(setUp)} ms, ${short(flop / 1e12)} TFLOP, ${commands} commands, ` +
      `${short(arenaBytes / 1e9)} GB`,
  );
  let next = 1;
  const run = () => program.run(inputs(next++));
  console.log(
    Object.entries(await run()).map(([log, { data }]) => `${log} ${data[0]!.toPrecision(4)}`).join(", "),
  );
  const result = milliseconds(await medianTime(clock, run, { runs: small ? 1 : 5, warmUps: 1 }));
  report({ what: "train", ...name, mode: "f32", ...result, flop });
  console.log(`${what}: ${short(result.ms)} ms, on the device ${short(result.deviceMs ?? NaN)} ms`);
  printKernels(`${what}, gradients`, await program.gradients.profile(inputs(next++)), 22);
  printKernels(`${what}, application`, await program.application.profile(inputs(next++)), 8);
}

function transformerTraining(small: boolean): Training {
  const model = "AR_256_B", config = transformers({ small, large: false })[model]!, batch = small ? 1 : 8;
  const adam = { beta1: 0.9, beta2: 0.95 }, shape = [batch, config.grid ** 2];
  const words = (bits: number) =>
    u32Tensor(shape, Uint32Array.from({ length: batch * shape[1]! }, (_, i) => (i * 7919) % 2 ** bits));
  return {
    ...{ model, batch },
    step: transformerStep(config, {
      ...{ n: batch, dropout: 0.1, classDropout: 0.1 },
      ...{ adam, weightDecay: 0.05, clip: 1 },
    }),
    inputs: (step) => ({
      classes: u32Tensor([batch], Uint32Array.from({ length: batch }, (_, i) => i)),
      pre: words(config.bits[0]),
      post: words(config.bits[1]),
      ...stepRandom({ seed: 1, step }),
      ...adamStep({ step, learningRate: 1e-4 }, adam),
    }),
  };
}

function tokenizerTraining(small: boolean, size: number): Training {
  const model = "imagenet_256_L", config = tokenizers(small)[model]!, batch = small ? 1 : 8;
  const adam = { beta1: 0.5, beta2: 0.9 }, shape = [batch, size, size, 3];
  const x = f32Tensor(shape, fastValues(shape));
  return {
    ...{ model, batch, size },
    step: tokenizerStep(config, {
      ...{ n: batch, size, perceptual: !small, adam, emaDecay: 0.999 },
      ...{ entropyWeight: 0.1, commitmentWeight: 0.25 },
      discriminator: { kind: "patch", ndf: 64, layers: 3, loss: "hinge", lecamWeight: 0.05 },
    }),
    inputs: (step) => ({
      x,
      ...adamStep({ step, learningRate: 1e-4 }, { ...adam, name: optimizers.generator }),
      ...adamStep({ step, learningRate: 1e-4 }, { ...adam, name: optimizers.discriminator }),
      ...stepFactors({ generator: 1, discriminator: 1, entropy: 1 }),
    }),
  };
}
