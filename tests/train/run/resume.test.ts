import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { MetricsRecord } from "../../../src/train/run/metrics_log.ts";
import { train } from "../../../src/train/train.ts";
import { scratch } from "../../cli/support.ts";
import { checkTokenizer, checkTransformer, metrics } from "./resume.ts";
import { tinyTokenizer, tinyTransformer, writeImages } from "./tiny.ts";

const test = suite("resuming");

test("a tokenizer stopped at every step is the one that was not, and loads as published ones do", () =>
  checkTokenizer(6));
test("a transformer, too, with two microbatches a step", () => checkTransformer(6, { microbatches: 2 }));

test("steps of two microbatches learn what whole steps do", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const { models: [tokenizer] } = await train(tinyTokenizer(images, { steps: 1 }), {
    folder: folder.at("t"),
  });
  const still = { steps: 4, intervals: { log: 1, evaluate: 0, sample: 0 }, batch: 4 };
  const model = {
    dim: 16,
    heads: 2,
    layers: 1,
    factorizedLayers: 1,
    bits: [2, 2],
    dropout: 0,
    classDropout: 0,
  };
  const logs = [];
  for (const parts of [1, 2]) {
    const run = tinyTransformer(images, tokenizer!, { ...still, model, microbatches: parts });
    await train(run, { folder: folder.at(`${parts}`) });
    logs.push(await metrics(folder.at(`${parts}`)));
  }
  const [whole, cut] = logs as [MetricsRecord[], MetricsRecord[]];
  assert.is(whole.length, 4);
  whole.forEach((record, i) => {
    for (const name of ["loss", "grad_norm", "learning_rate"]) {
      assert.ok(
        Math.abs(cut[i]![name]! / record[name]! - 1) < 1e-5,
        `${name}: ${cut[i]![name]}, ${record[name]}`,
      );
    }
  });
});

test.run();
