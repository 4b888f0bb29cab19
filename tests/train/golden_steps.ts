import * as assert from "uvu/assert";
import type { Backend, States } from "../../src/backend/backend.ts";
import { tensorsOf } from "../../src/graph/trace.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { initializeStates } from "../../src/train/initialize_states.ts";
import { TrainingProgram } from "../../src/train/training_program.ts";
import { adamStep } from "../../src/train/optimizer/adam.ts";
import { emaName } from "../../src/train/optimizer/ema.ts";
import { lpipsPath, optimizers, stepFactors, tokenizerStep } from "../../src/train/tokenizer_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { nmse, readGolden, tokenizerConfig } from "../golden/golden.ts";
import { hashed, hashedLpipsWeight, hashedWeight } from "../golden/hashed.ts";
import { channelsLast, hashedWeights } from "../golden/tokenizer_golden.ts";

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

/** The goldens of image tokenizers. Their learning rate is so low that rounding decides nothing in six steps. */
export const tokenizerGoldens = ["train_tokenizer_patchgan_b", "train_tokenizer_blurgan_b"] as const;
/** Those of video tokenizers; the second has LPIPS, a schedule, and a discriminator that starts later. */
export const videoGoldens = ["train_video", "train_video_full"] as const;

/** Holds the first `steps` steps of a tokenizer's golden, and after all of them the final parameters, against a backend's. */
export async function checkTokenizerSteps(backend: Backend, name: string, steps: number): Promise<void> {
  const golden = await readGolden(name), loss = JSON.parse(golden.metadata.loss!);
  const [, batches, given] = golden.metadata.batches!.match(/^(\S+)<step> (\[.*\])/)!,
    shape = JSON.parse(given!);
  const kind = shape.length === 5 ? "video" : "image", model = { ...tokenizerConfig(golden), kind } as const;
  const { num_stages, hidden_channels, use_blur } = JSON.parse(golden.metadata.discriminator ?? "{}");
  const training = tokenizerStep(model, {
    n: 2,
    size: shape.at(-1),
    frames: kind === "video" ? shape[2] : undefined,
    discriminator: {
      loss: loss.disc_loss === "non_saturate" ? "non-saturating" : loss.disc_loss,
      lecamWeight: loss.lecam_loss_weight,
      generatorWeight: loss.gen_loss_weight,
      ...(use_blur
        ? { kind: "blur", channels: hidden_channels, stages: num_stages }
        : { kind: "patch", ndf: loss.disc_ndf, layers: loss.disc_num_layers }),
    },
    entropyWeight: loss.codebook_weight,
    commitmentWeight: loss.commit_weight,
    perceptual: loss.perceptual_weight > 0,
    adam: adamBetas,
    emaDecay: 0.999,
  });
  const { gradients, parameters } = training;
  const fixed = new Map(tensorsOf(gradients, "param").map(({ attrs }) => [attrs.name, attrs.shape]));
  await using weights = await backend.load({
    shapes: fixed,
    read: (name) => Promise.resolve(hashedLpipsWeight(name.slice(lpipsPath.length + 1), fixed.get(name)!)),
  }, { graphs: [gradients] });
  await using program = await TrainingProgram.compile(backend, training, { weights });
  await initializeStates(program.states, training, {
    shapes: new Map(),
    read: (name) => Promise.resolve(hashedWeight(name, parameters.get(name)!.shape)),
  });
  const log = (JSON.parse(golden.metadata.log!) as Record<string, number>[]).slice(0, steps);
  for (const [i, logged] of log.entries()) {
    const learningRate = logged.lr ?? 1e-5, each = { step: i + 1, learningRate };
    const { codebook_enlarge_ratio: ratio, codebook_enlarge_steps: until, disc_start: start } = loss;
    // The reference counts a step between the two.
    const learns = i + 1 >= start;
    const results = await program.run({
      x: channelsLast(f32Tensor(shape, hashed(`${batches}${i}`, shape))),
      ...adamStep(each, { ...adamBetas, name: optimizers.generator }),
      ...adamStep(each, { ...adamBetas, name: optimizers.discriminator }),
      ...stepFactors({
        generator: i >= start ? 1 : 0,
        discriminator: learns ? 1 : 0,
        entropy: 1 + ratio * Math.max(0, 1 - i / until),
      }),
    });
    for (const [key, value] of Object.entries(logged)) {
      // What the reference sets to 0 while the discriminator does not count.
      const isLeft = i < start && key === "d_weight" ||
        !learns && /^(logits_(real|fake)|lecam_loss)$/.test(key);
      if (isLeft || ["disc_factor", "lr"].includes(key)) continue;
      const found = await valueOf(key, { results, states: program.states });
      const most = key.startsWith("grad_norm") ? 5e-3 : 1e-3;
      // A mean of logits may come out near 0, and is as exact as the logits are.
      const scale = Math.max(Math.abs(value), /^(logits|lecam)_/.test(key) ? 1e-2 : 0);
      const near = Math.abs(found - value) <= most * scale;
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

/** A number that the reference logs. */
async function valueOf(
  key: string,
  { results, states }: { results: Record<string, HostTensor>; states: States },
): Promise<number> {
  if (key === "non_saturated_d_loss") return results.adversarial_loss!.data[0]!;
  const [, which] = /^lecam_(real|fake)$/.exec(key) ?? [];
  return (which ? await states.read(`lecam.${which}`) : results[key]!).data[0]!;
}
