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

test("the published models' rates: two drops, and a warm-up, a hold and a line", async () => {
  const tokenizer = scheduleOf(await readRun("imagenet_256_L", "tokenizer"));
  assert.equal([0, 1_000_799, 1_000_800, 1_251_000].map(tokenizer).map((rate) => +rate.toFixed(6)), [
    1,
    1,
    0.1,
    0.01,
  ]);
  const any = await readRun("pretrain_256_16384", "tokenizer"), ofAny = scheduleOf(any);
  assert.equal([0, 2500, 5000, any.steps - 1].map(ofAny), [0, 0.5, 1, 0.01]);
  const run = await readRun("AR_256_B", "transformer"), rate = scheduleOf(run);
  assert.equal([0, 6 * 1668, 30_000, run.steps - 1].map(rate).map((factor) => +factor.toFixed(4)), [
    0.005,
    1,
    1,
    0.1,
  ]);
});

test("another place of the data", async () => {
  const { data } = await readRun("AR_256_B", "transformer", { data: "tokens.safetensors" });
  assert.equal([data.tokens, data.images], ["tokens.safetensors", undefined]);
  assert.is((await readRun("imagenet_128_L", "tokenizer", { data: "here" })).data.images, "here");
});

test.run();
