import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { add, input, straightThrough } from "../../src/graph/build.ts";
import { nchwToNhwc } from "../../src/image/pixels.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { lfq } from "../../src/tokenizer/quantizers/lfq.ts";
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

/**
 * Codes of latents that lie so near to zero that rounding decides: step, index in `[2,16,16,10]`, and what PyTorch's
 * rounding made of them, as the logged numbers tell. One such code changes the mean of the discriminator's logits in its
 * second digit. They are there since Adam's first steps move each weight by its whole rate, and in some dozens of the
 * 250,000 the sign of a gradient near zero is rounding, too.
 */
export const decided: Readonly<Record<string, readonly (readonly [number, number, -1 | 1])[]>> = {
  train_tokenizer_patchgan: [
    ...[[1, 4818, -1], [1, 1463, -1], [1, 3899, 1], [1, 2242, 1], [1, 446, -1], [1, 3458, -1]] as const,
    ...[[2, 1592, 1], [2, 560, 1], [2, 803, -1], [2, 4158, 1], [2, 5096, 1], [2, 5041, 1]] as const,
    ...[[3, 1293, -1], [3, 3025, 1], [3, 1089, 1], [3, 2406, -1]] as const,
    ...[[4, 3718, -1], [4, 884, 1], [4, 199, 1]] as const,
    ...[[5, 1042, 1], [5, 3074, 1], [5, 3258, -1]] as const,
  ],
  train_tokenizer_blurgan: [
    ...[[1, 3343, 1], [1, 3169, 1], [1, 4214, 1], [1, 1534, 1]] as const,
    ...[[2, 280, 1], [2, 4542, 1]] as const,
    ...[[3, 5091, 1], [3, 2230, -1], [3, 2299, -1]] as const,
    ...[[4, 4028, 1], [4, 2359, -1], [4, 4012, 1]] as const,
    ...[[5, 2243, 1], [5, 1219, 1]] as const,
  ],
};
/** What lies nearer to zero counts as decided by rounding. */
const undecided = 2e-3;
/**
 * Numbers that hang on the few latents within 0.01 of zero, where the entropy's slope is 400 and more: once the weights
 * are no longer the same to the bit, they agree to some per cent, on the reference (sums in f64) as well.
 */
const steep = ["per_sample_entropy", "grad_norm_generator"];

/** Holds the first `steps` steps of a tokenizer's golden, and after all of them the final parameters, against a backend's. */
export async function checkTokenizerSteps(backend: Backend, name: string, steps: number): Promise<void> {
  const golden = await readGolden(name);
  const { use_blur, loss, ndf, n_layers, hidden_channels, num_stages } = JSON.parse(
    golden.metadata.discriminator!,
  );
  const shape = [2, 16, 16, 10], quantizer = lfq(10);
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
    quantizer: {
      ...quantizer,
      quantize: (z) =>
        straightThrough(
          quantizer.codes(quantizer.tokens(add(z, input("nudge", { shape, dtype: "f32" })))),
          z,
        ),
    },
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
    const images = [2, 3, 32, 32], each = { step: i + 1, learningRate: 1e-4 };
    const nudge = f32Tensor(shape);
    for (const [step, at, sign] of decided[name]!) if (step === i) nudge.data[at] = sign * undecided;
    const results = await program.run({
      x: nchwToNhwc(f32Tensor(images, hashed(`${name}.batch${i}`, images))),
      nudge,
      ...adamStep(each, { ...adamBetas, name: optimizers.generator }),
      ...adamStep(each, { ...adamBetas, name: optimizers.discriminator }),
      ...stepFactors({ adversarial: 1, entropy: 1 }),
    });
    for (const [key, value] of Object.entries({ ...logged, adversarial_loss })) {
      const found = results[key]!.data[0]!, most = steep.includes(key) && i > 0 ? 0.05 : 1e-3;
      const near = Math.abs(found - value!) <= most * Math.abs(value!);
      assert.ok(near, `step ${i}, ${key}: ${found}, expected ${value}`);
    }
  }
  if (steps < 6) return;
  for (const stored of golden.names) {
    const [, kind, parameter] = stored.match(/^(final|ema)\.(.*)$/)!;
    const { data } = await program.states.read(kind === "ema" ? emaName(parameter!) : parameter!);
    const error = nmse(data, golden.tensor(stored).data);
    assert.ok(error <= 1e-6, `${stored}: NMSE ${error}`);
  }
}
