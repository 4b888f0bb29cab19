import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { parseRun, readRun } from "../../src/train/config/parse.ts";
import { scheduleOf } from "../../src/train/config/rates.ts";
import { presetNames, readPreset } from "../../src/train/presets/mod.ts";

const test = suite("presets");
const folder = new URL("../../src/train/presets/", import.meta.url);

test("every file is a preset, and can be read", async () => {
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".json")
  );
  assert.equal(files.sort(), presetNames.map((name) => `${name}.json`).sort());
  for (const name of presetNames) {
    const { stage } = await readPreset(name);
    parseRun(await readPreset(name), { stage: stage as "tokenizer" | "transformer", file: name });
  }
  await readPreset("AR_256_S").then(
    () => assert.unreachable(),
    (error) => assert.instance(error, ArgumentError),
  );
});

/** The published tokenizers, as their configurations say (docs/model.md). Rates: step from 0 → factor of the learning rate. */
const tokenizers = {
  imagenet_256_L: {
    size: 256,
    crop: "random",
    chMult: [1, 1, 2, 2, 4],
    bits: 18,
    lecam: 0.05,
    steps: 270 * 5004,
    discriminator: { kind: "patch", ndf: 64, layers: 3 },
    rates: [[0, 1], [200 * 5004 - 1, 1], [200 * 5004, 0.1], [250 * 5004 - 1, 0.1], [250 * 5004, 0.01]],
  },
  imagenet_128_L: {
    size: 128,
    crop: "random",
    chMult: [1, 2, 2, 4],
    bits: 18,
    lecam: 0.01,
    steps: 350 * 5004,
    discriminator: { kind: "patch", ndf: 64, layers: 3 },
    rates: [[0, 1], [250 * 5004 - 1, 1], [250 * 5004, 0.1], [300 * 5004 - 1, 0.1], [300 * 5004, 0.01]],
  },
  pretrain_256_262144: {
    size: 256,
    crop: "center",
    chMult: [1, 1, 2, 2, 4],
    bits: 18,
    lecam: 0.05,
    steps: 1_500_000,
    discriminator: { kind: "patch", ndf: 64, layers: 3 },
    // From the 800,000th and the 1,000,000th step on, counted from 1.
    rates: [[0, 1], [799_998, 1], [799_999, 0.1], [999_998, 0.1], [999_999, 0.01], [1_499_999, 0.01]],
  },
  pretrain_256_16384: {
    size: 256,
    crop: "center",
    chMult: [1, 1, 2, 2, 4],
    bits: 14,
    lecam: 0.05,
    steps: 1_500_000,
    discriminator: { kind: "blur", channels: 128, stages: 3 },
    rates: [[0, 0], [2500, 0.5], [5000, 1], [5000 + 747_499.5, 0.505], [1_499_999, 0.01]],
  },
} as const;

for (const [name, table] of Object.entries(tokenizers)) {
  test(`${name} is trained as published`, async () => {
    const run = await readRun(name, "tokenizer");
    const { model, data, loss, optimizer: { learningRate, beta1, beta2, eps } } = run;
    assert.equal(model, { ch: 128, chMult: [...table.chMult], numResBlocks: 4, bits: table.bits });
    const { size, crop, mirror } = data;
    assert.equal({ size, crop, mirror }, { size: table.size, crop: table.crop, mirror: "none" });
    const { l1, l2, entropy, commitment, entropyAnnealing } = loss;
    assert.equal([l1, l2, entropy, commitment, entropyAnnealing], [1, 0, 0.1, 0.25, undefined]);
    assert.ok(loss.perceptual);
    assert.equal(run.discriminator, {
      ...table.discriminator,
      loss: "hinge",
      lecamWeight: table.lecam,
      generatorWeight: 0.1,
      start: 0,
    });
    assert.equal([learningRate, beta1, beta2, eps, run.ema], [1e-4, 0.5, 0.9, 1e-8, 0.999]);
    assert.equal([run.steps, run.batch, run.microbatches, run.precision], [table.steps, 256, 32, "f16"]);
    const rate = scheduleOf(run);
    for (const [step, factor] of table.rates) {
      assert.ok(Math.abs(rate(step) - factor) < 1e-9, `step ${step}: ${rate(step)}, not ${factor}`);
    }
  });
}

/** The published transformers: a batch of `images` on each of `devices`, epochs of 1668 steps. */
const transformers = {
  AR_256_B: { dim: 1024, heads: 16, layers: 24, factorized: 2, rate: 3e-4, images: 24, devices: 32 },
  AR_256_L: { dim: 1280, heads: 20, layers: 36, factorized: 3, rate: 3e-4, images: 12, devices: 64 },
  AR_256_XL: { dim: 1536, heads: 24, layers: 48, factorized: 4, rate: 2.4e-4, images: 8, devices: 96 },
} as const;

for (
  const [name, { dim, heads, layers, factorized, rate, images, devices }] of Object.entries(transformers)
) {
  test(`${name} is trained as published`, async () => {
    const run = await readRun(name, "transformer");
    const [warmup, epochs] = name === "AR_256_XL" ? [7, 350] : [6, 300];
    const { bits, dropout, classDropout, ...model } = run.model;
    assert.equal(model, { dim, heads, layers, factorizedLayers: factorized });
    assert.equal([[...bits], dropout, classDropout], [[6, 12], 0.1, 0.1]);
    assert.is(run.data.mirror, "none");
    const { optimizer } = run;
    assert.equal([optimizer.learningRate, optimizer.beta1, optimizer.beta2], [rate, 0.9, 0.95]);
    assert.equal([optimizer.weightDecay, optimizer.weightDecayOn, optimizer.clip], [0.05, "all", 1]);
    assert.equal([run.batch, run.microbatches, run.precision], [images * devices, devices, "f16"]);
    assert.is(run.steps, epochs * 1668);
    const factor = scheduleOf(run), first = warmup * 1668, rest = run.steps - 1 - first;
    const held = first + Math.floor(0.05 * rest);
    const expected = [[0, 0.005], [first / 2, 0.5025], [first, 1], [held, 1], [run.steps - 1, 0.1]] as const;
    for (const [step, value] of expected) {
      assert.ok(Math.abs(factor(step) - value) < 1e-9, `step ${step}: ${factor(step)}, not ${value}`);
    }
    assert.ok(factor(held + 1668) < 1);
  });
}

test("models of this package's own decay matrices alone", async () => {
  for (const name of presetNames) {
    const preset = await readPreset(name);
    if (preset.stage !== "transformer" || name in transformers) continue;
    assert.is((await readRun(name, "transformer")).optimizer.weightDecayOn, "matrices", name);
  }
});

test("LPIPS comes from files, or from one checkpoint", async () => {
  const preset = await readPreset("imagenet_256_L");
  const perceptual = { from: "imagenet_256_L.ckpt" };
  const run = parseRun({ ...preset, loss: { perceptual } }, { stage: "tokenizer" });
  assert.equal(run.loss.perceptual, ["imagenet_256_L.ckpt"]);
});

test("another place of the data", async () => {
  const { data } = await readRun("AR_256_B", "transformer", { data: "tokens.safetensors" });
  assert.equal([data.tokens, data.images], ["tokens.safetensors", undefined]);
  assert.is((await readRun("imagenet_128_L", "tokenizer", { data: "here" })).data.images, "here");
});

test.run();
