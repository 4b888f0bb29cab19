import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { discriminatorPath } from "../../src/train/adversary.ts";
import { stepRandom } from "../../src/train/randomness.ts";
import { type StepFactors, stepFactors, tokenizerStep } from "../../src/train/tokenizer_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { backends } from "./backends.ts";
import { checkTokenizerSteps, checkTransformerSteps, tokenizerGoldens } from "./golden_steps.ts";
import {
  begun,
  stateBits,
  tinyTokenizer,
  tinyTransformer,
  tokenizerInputs,
  tokenizerTraining,
  transformerInputs,
  transformerTraining,
} from "./tiny.ts";

const test = suite("training steps");

for (const [title, open] of backends) {
  test(`train_ar on ${title}: six steps`, async () => {
    await using backend = open();
    await checkTransformerSteps(backend);
  });
}

for (const name of tokenizerGoldens) {
  for (const variant of ["threads", "relaxed", "simd"] as const) {
    test(`${name} on WASM, ${variant}: six steps`, async () => {
      const threads = variant === "threads" ? 2 : undefined;
      await using backend = new WasmBackend({ variant, threads, training: trainingKernels });
      await checkTokenizerSteps(backend, name, 6);
    });
  }

  test(`${name} on the reference: the first step`, async () => {
    await using backend = new ReferenceBackend();
    await checkTokenizerSteps(backend, name, 1);
  });
}

test("a step of a video tokenizer needs the number of frames", () => {
  const step = () =>
    tokenizerStep({ ...tinyTokenizer, kind: "video" }, { ...tokenizerTraining, n: 1, size: 16 });
  assert.throws(step, /frames: expected the number of frames of each film, got none/);
});

test("train_video on WASM: six steps", async () => {
  await using backend = new WasmBackend({ threads: 2, training: trainingKernels });
  await checkTokenizerSteps(backend, "train_video", 6);
});

test("transformer steps drop the same whatever the number of threads, and differently in each step", async () => {
  const n = 3, training = transformerStep(tinyTransformer, { ...transformerTraining, n });
  const bits = [], losses: number[][] = [];
  for (const threads of [1, 3]) {
    await using backend = new WasmBackend({ threads, training: trainingKernels });
    await using program = await begun(backend, training);
    const found = [];
    for (const step of [1, 2, 1]) {
      // The same words, and nothing is learned: only what is dropped tells steps apart.
      const inputs = transformerInputs({ n, step: 1, learningRate: 0 });
      const { loss } = await program.run({ ...inputs, ...stepRandom({ seed: 7, step }) });
      found.push(loss!.data[0]!);
    }
    losses.push(found);
    bits.push(await stateBits(program, training));
  }
  const [first, second, again] = losses[0]!;
  assert.is(first, again);
  assert.is.not(first, second);
  assert.equal(losses[0], losses[1]);
  assert.equal(bits[0], bits[1]);
});

test("before its start a discriminator stays out of a step, and an enlarged codebook loss counts more", async () => {
  await using backend = new WasmBackend({ threads: 2, training: trainingKernels });
  const n = 2, size = 16, training = tokenizerStep(tinyTokenizer, { ...tokenizerTraining, n, size });
  await using program = await begun(backend, training);
  const theirs = [...training.parameters.keys()].filter((name) => name.startsWith(discriminatorPath));
  const weights = () => Promise.all(theirs.map(async (name) => (await program.states.read(name)).data));
  const before = await weights();
  const run = async (factors: StepFactors) => {
    const results = await program.run({ ...tokenizerInputs({ n, size, step: 1 }), ...stepFactors(factors) });
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data[0]!]));
  };
  for (const entropy of [1, 3]) {
    const found = await run({ generator: 0, discriminator: 0, entropy });
    assert.is(found.g_loss, 0);
    assert.is(found.disc_loss, 0);
    const expected = found.nll_loss! + entropy * 0.1 * found.entropy_loss! + 0.25 * found.commit_loss!;
    assert.ok(Math.abs(found.total_loss! / expected - 1) < 1e-6, `${found.total_loss}, not ${expected}`);
  }
  assert.equal(await weights(), before);
  // In the step before the generator's term counts, its opponent already learns.
  const found = await run({ generator: 0, discriminator: 1, entropy: 1 });
  assert.ok(found.g_loss === 0 && found.disc_loss! > 0);
  assert.not.equal(await weights(), before);
});

test("tokenizer steps do the same whatever the number of threads", async () => {
  const n = 2, size = 32, training = tokenizerStep(tinyTokenizer, { ...tokenizerTraining, n, size });
  const bits = [];
  for (const threads of [1, 3]) {
    await using backend = new WasmBackend({ threads, training: trainingKernels });
    await using program = await begun(backend, training);
    for (const step of [1, 2]) {
      const results = await program.run(tokenizerInputs({ n, size, step }));
      assert.ok(results.d_weight!.data[0]! > 0, "the weight adapts");
    }
    const mean = await program.states.read("loss.discriminator.main.3.running_mean");
    assert.ok(mean.data.some((value) => value !== 0), "BatchNorms keep statistics");
    bits.push(await stateBits(program, training));
  }
  assert.equal(bits[0], bits[1]);
});

test.run();
