import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCheckpoint } from "../../../src/models/open.ts";
import type { Run } from "../../../src/train/config/run.ts";
import { train } from "../../../src/train/train.ts";
import { missingAdapter, missingF16 } from "../../backend/adapter.ts";
import { scratch } from "../../cli/support.ts";
import { metrics, trainUntil } from "./resume.ts";
import { tinyTokenizer, tinyTransformer, writeImages } from "./tiny.ts";
import { skipIf } from "../../support/skip.ts";

const test = suite("runs on WebGPU");
const each = skipIf(missingAdapter, test);
const f16Test = skipIf(missingF16, test);

const steps = 3, stop = 2;
const short = {
  steps,
  intervals: { log: 1, checkpoint: 0, evaluate: steps, sample: 0 },
  optimizer: { learningRate: 1e-4, beta1: 0.9, beta2: 0.99 },
};
/** Numbers that hang on the few latents near zero, where the entropy's slope is 400 and more; and how far they may be. */
const steep = ["per_sample_entropy", "grad_norm_generator"], steepTolerance = 0.1;

/** Holds the first `records` of a run's log and of that of the same run on WASM, in f32, together. */
async function checkLog(
  run: Run,
  { folder, name, ...rules }: {
    folder: { at(name: string): string };
    name: string;
    /** How far a number may be from the other one, over that. */
    tolerance: number;
    records?: number;
  },
): Promise<void> {
  await train({ ...run, backend: "wasm", precision: "f32" }, { folder: folder.at(`${name} on WASM`) });
  const [ours, theirs] = [await metrics(folder.at(name)), await metrics(folder.at(`${name} on WASM`))];
  assert.is(ours.length, theirs.length);
  for (const [i, record] of theirs.slice(0, rules.records).entries()) {
    for (const [key, value] of Object.entries(record)) {
      const found = ours[i]![key]!, far = Math.abs(found - value);
      const tolerance = steep.includes(key) ? steepTolerance : rules.tolerance;
      assert.ok(far <= tolerance * Math.abs(value), `record ${i}, ${key}: ${found}, not ${value}`);
    }
  }
}

each("both stages log what they log on WASM; a tokenizer's goes on after a stop", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const tokenizer = tinyTokenizer(images, { ...short, backend: "webgpu" });
  await trainUntil(tokenizer, folder.at("tokenizer"), stop);
  const { models } = await trainUntil(tokenizer, folder.at("tokenizer"), steps);
  await checkLog(tokenizer, { folder, name: "tokenizer", tolerance: 1e-3 });

  const transformer = tinyTransformer(images, models[0]!, { ...short, backend: "webgpu" });
  await train(transformer, { folder: folder.at("transformer") });
  await checkLog(transformer, { folder, name: "transformer", tolerance: 1e-3 });
});

f16Test(
  "a tokenizer in mixed precision: losses are scaled, states are f32, a stop changes no bit",
  async () => {
    using folder = scratch();
    const images = writeImages(folder.at("images.npz"));
    const run = tinyTokenizer(images, { ...short, backend: "webgpu", precision: "f16" });
    await trainUntil(run, folder.at("run"), stop);
    const { models, checkpoint: path } = await trainUntil(run, folder.at("run"), steps);
    assert.is(models.length, 2);
    const whole = await train(run, { folder: folder.at("whole") });
    assert.equal(Deno.readFileSync(path), Deno.readFileSync(whole.checkpoint), "resumed, to the bit");
    // Later ones hang on signs of gradients near zero, which Adam's first steps take for whole ones.
    await checkLog(run, { folder, name: "run", tolerance: 0.02, records: 1 });
    const scales = (await metrics(folder.at("run"))).flatMap(({ loss_scale }) => loss_scale ?? []);
    assert.equal(scales, new Array(steps).fill(2 ** 16));
    await using checkpoint = await openCheckpoint(path);
    assert.is((await checkpoint.read("loss_scale"))[0], 2 ** 16);
    for (const name of ["decoder.conv_out.weight", "adam.m.decoder.conv_out.weight"]) {
      const values = await checkpoint.read(name) as Float32Array;
      assert.ok(values.some((value, i) => new Float16Array(values)[i] !== value), `${name} is in f16`);
    }
  },
);

test.run();
