/**
 * Prints the configuration of one of the eight trainings of `emoji-64`'s transformer, for `voken train transformer`:
 *
 *     deno run -A tools/emoji_training.ts 3 > out/emoji-64-transformer-3.json
 *
 * It is the preset `emoji-64-transformer` with the values of a row of `docs/runs/emoji-64-transformer.json`.
 */
import { ArgumentError } from "../src/tensor/errors.ts";
import type { TransformerRun } from "../src/train/config/run.ts";
import { readPreset } from "../src/train/presets/mod.ts";

/** What differs between the trainings. `from` is the model that a training starts with; the first has none. */
interface Training {
  readonly seed: number;
  readonly from?: string;
  readonly order: TransformerRun["data"]["order"];
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly end: number;
  readonly steps: number;
}

const table = new URL("../docs/runs/emoji-64-transformer.json", import.meta.url);
const trainings = JSON.parse(await Deno.readTextFile(table)) as Training[];
const training = trainings[Number(Deno.args[0]) - 1];
if (!training) {
  throw new ArgumentError("Cannot print the configuration", {
    expected: `the number of a training, 1 to ${trainings.length}`,
    got: Deno.args[0] ?? "nothing",
  });
}

const { seed, from, order, learningRate, warmupSteps, end, steps } = training;
const preset = await readPreset("emoji-64-transformer") as unknown as TransformerRun;
const run = {
  ...preset,
  seed,
  ...from !== undefined && { init: { from } },
  data: { ...preset.data, order },
  optimizer: { ...preset.optimizer, learningRate },
  schedule: { ...preset.schedule, warmupSteps, end },
  steps,
};
console.log(JSON.stringify(run, null, 2));
