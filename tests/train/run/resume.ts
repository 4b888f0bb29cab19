import * as assert from "uvu/assert";
import { Tokenizer } from "../../../src/tokenizer/tokenizer.ts";
import type { Run } from "../../../src/train/config/run.ts";
import { type MetricsRecord, readMetrics } from "../../../src/train/run/metrics_log.ts";
import { train, type Trained } from "../../../src/train/train.ts";
import { Generator } from "../../../src/transformer/generator.ts";
import { scratch } from "../../cli/support.ts";
import { tinyTokenizer, tinyTransformer, writeImages } from "./tiny.ts";

/** Trains until `stop` steps are done. */
export async function trainUntil(run: Run, folder: string, stop: number): Promise<Trained> {
  const controller = new AbortController();
  const onStep = ({ step }: { step: number }) => step === stop && controller.abort();
  return await train(run, { folder, resume: true, signal: controller.signal, onStep });
}

/** A log without what no two runs have in common. */
export async function metrics(folder: string): Promise<MetricsRecord[]> {
  return (await readMetrics(folder)).map(({ seconds: _, ...record }) => record as MetricsRecord);
}

/** Holds a run that is stopped after each step against one that is not; gives the folder of its model. */
async function checkEveryStop(run: Run, folder: { at(name: string): string }): Promise<string> {
  const whole = await train(run, { folder: folder.at("whole") });
  assert.ok(whole.finished);
  for (let stop = 1; stop <= run.steps; stop++) {
    const ended = await trainUntil(run, folder.at("parts"), stop);
    assert.equal([ended.step, ended.finished], [stop, stop === run.steps]);
  }
  const parts = await train(run, { folder: folder.at("parts"), resume: true });
  const [a, b] = [whole, parts].map(({ checkpoint }) => Deno.readFileSync(checkpoint));
  assert.equal(a, b, "weights, moments, averages, progress");
  const log = await metrics(folder.at("whole"));
  assert.equal(await metrics(folder.at("parts")), log);
  assert.is(
    log.filter(({ learning_rate }) => learning_rate !== undefined).length,
    run.steps / run.intervals.log,
  );
  return whole.models[0]!;
}

/** Trains a tokenizer, stopped after each step; its model loads. */
export async function checkTokenizer(
  steps: number,
  changes: Record<string, unknown> = {},
): Promise<void> {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const model = await checkEveryStop(tinyTokenizer(images, { steps, ...changes }), folder);
  await using tokenizer = await Tokenizer.load(model, { threads: 1 });
  assert.equal([tokenizer.codebookSize, tokenizer.factor], [2 ** 4, 2]);
}

/** Trains a transformer, stopped after each step; its model generates. */
export async function checkTransformer(
  steps: number,
  changes: Record<string, unknown> = {},
): Promise<void> {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const tokenizer = await train(tinyTokenizer(images, { steps: 2 }), { folder: folder.at("tokenizer") });
  const run = tinyTransformer(images, tokenizer.models[0]!, { steps, ...changes });
  const model = await checkEveryStop(run, folder);
  await using generator = await Generator.load(model, { threads: 1 });
  const [generated] = await generator.generate({ classIds: 1, seed: 3 });
  assert.equal([generated!.image.width, generated!.className], [8, "1"]);
}
