import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { nchwToNhwc } from "../../src/image/pixels.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { initializeStates } from "../../src/train/initialize_states.ts";
import { TrainingProgram } from "../../src/train/training_program.ts";
import { adamStep } from "../../src/train/optimizer/adam.ts";
import { emaName } from "../../src/train/optimizer/ema.ts";
import { optimizers, stepFactors, tokenizerStep } from "../../src/train/tokenizer_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { nmse, readGolden, tokenizerConfig } from "../golden/golden.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

const adamBetas = { beta1: 0.5, beta2: 0.9 };
const learningRate = 3e-4, betas = { beta1: 0.9, beta2: 0.95 };

/** Holds the six steps of `train_ar` and its final parameters against a backend's. */
export async function checkTransformerSteps(backend: Backend): Promise<void> {
  const golden = await readGolden("train_ar");
  const json = JSON.parse(golden.metadata.config!);
  const config = {
    dim: json.dim,
    heads: json.n_head,
    layers: json.spatial_n_layer,
    factorizedLayers: json.factorized_n_layer,
    hidden: 256,
    bits: json.factorized_bits,
    grid: 4,
    classes: json.class_num,
  };
  const training = transformerStep(config, {
    n: 4,
    dropout: 0,
    classDropout: 0,
    adam: betas,
    weightDecay: 0.05,
    clip: 1,
  });
  const { gradients, parameters } = training;
  await using weights = await backend.load(hashedWeights([]), { graphs: [gradients] });
  await using program = await TrainingProgram.compile(backend, training, { weights });
  const plain = (name: string) => name.replace("transformer.", "");
  await initializeStates(program.states, training, {
    shapes: new Map(),
    read: (name) => Promise.resolve(hashedWeight(plain(name), parameters.get(name)!.shape)),
  });
  const tokens = (part: string, step: number, codes: number) => {
    const values = hashed(`train_ar.${part}${step}`, [4, 16]);
    return u32Tensor([4, 16], Uint32Array.from(values, (u) => Math.floor((u * 0.5 + 0.5) * codes)));
  };
  const log = JSON.parse(golden.metadata.log!) as Record<string, number>[];
  for (const [step, expected] of log.entries()) {
    const results = await program.run({
      classes: u32Tensor([4], Uint32Array.from(JSON.parse(golden.metadata.labels!))),
      pre: tokens("pre", step, 7),
      post: tokens("post", step, 15),
      ...adamStep({ step: step + 1, learningRate }, betas),
    });
    for (const [key, value] of Object.entries(expected)) {
      const found = results[key]!.data[0]!;
      assert.ok(Math.abs(found / value - 1) <= 1e-3, `step ${step}, ${key}: ${found}, expected ${value}`);
    }
  }
  const finals = golden.names.filter((name) => name.startsWith("final."));
  assert.is(finals.length, 15);
  for (const name of finals) {
    const { data } = await program.states.read(`transformer.${name.slice("final.".length)}`);
    const error = nmse(data, golden.tensor(name).data);
    assert.ok(error <= 1e-6, `${name}: NMSE ${error}`);
  }
}

/** The goldens of tokenizers. Their learning rate is so low that rounding decides nothing in six steps. */
export const tokenizerGoldens = ["train_tokenizer_patchgan_b", "train_tokenizer_blurgan_b"] as const;

/** Holds the first `steps` steps of a tokenizer's golden, and after all of them the final parameters, against a backend's. */
export async function checkTokenizerSteps(backend: Backend, name: string, steps: number): Promise<void> {
  const golden = await readGolden(name);
  const { use_blur, loss, ndf, n_layers, hidden_channels, num_stages } = JSON.parse(
    golden.metadata.discriminator!,
  );
  const batches = golden.metadata.batches!.match(/^\S+(?=<step>)/)![0];
  const training = tokenizerStep(tokenizerConfig(golden), {
    n: 2,
    size: 32,
    discriminator: {
      loss: loss === "non_saturate" ? "non-saturating" : loss,
      lecamWeight: 0.05,
      generatorWeight: 0.1,
      ...(use_blur
        ? { kind: "blur", channels: hidden_channels, stages: num_stages }
        : { kind: "patch", ndf, layers: n_layers }),
    },
    entropyWeight: 0.1,
    commitmentWeight: 0.25,
    perceptual: false,
    adam: adamBetas,
    emaDecay: 0.999,
  });
  const { gradients, parameters } = training;
  await using weights = await backend.load(hashedWeights([]), { graphs: [gradients] });
  await using program = await TrainingProgram.compile(backend, training, { weights });
  await initializeStates(program.states, training, {
    shapes: new Map(),
    read: (name) => Promise.resolve(hashedWeight(name, parameters.get(name)!.shape)),
  });
  const log = (JSON.parse(golden.metadata.log!) as Record<string, number>[]).slice(0, steps);
  for (const [i, { non_saturated_d_loss: adversarial_loss, disc_factor: _, ...logged }] of log.entries()) {
    const images = [2, 3, 32, 32], each = { step: i + 1, learningRate: 1e-5 };
    const results = await program.run({
      x: nchwToNhwc(f32Tensor(images, hashed(`${batches}${i}`, images))),
      ...adamStep(each, { ...adamBetas, name: optimizers.generator }),
      ...adamStep(each, { ...adamBetas, name: optimizers.discriminator }),
      ...stepFactors({ generator: 1, discriminator: 1, entropy: 1 }),
    });
    for (const [key, value] of Object.entries({ ...logged, adversarial_loss })) {
      const found = results[key]!.data[0]!, most = key.startsWith("grad_norm") ? 5e-3 : 1e-3;
      const near = Math.abs(found - value!) <= most * Math.abs(value!);
      assert.ok(near, `step ${i}, ${key}: ${found}, expected ${value}`);
    }
  }
  if (steps < 6) return;
  for (const stored of golden.names) {
    const [, kind, parameter] = stored.match(/^(final|ema)\.(.*)$/)!;
    const { data } = await program.states.read(kind === "ema" ? emaName(parameter!) : parameter!);
    const error = nmse(data, golden.tensor(stored).data);
    assert.ok(error <= 1e-8, `${stored}: NMSE ${error}`);
  }
}
