import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../../src/backend/wasm/wasm_backend.ts";
import { constant, mul, reshape, state } from "../../../src/graph/build.ts";
import { graphOf } from "../../../src/graph/trace.ts";
import { NumericError } from "../../../src/tensor/errors.ts";
import { accumulateGradients } from "../../../src/train/accumulate_gradients.ts";
import { applyGradients } from "../../../src/train/apply_gradients.ts";
import { LossScale } from "../../../src/train/loss_scale.ts";
import { adamStep } from "../../../src/train/optimizer/adam.ts";
import { trainingLoop } from "../../../src/train/run/loop.ts";
import { RunFolder } from "../../../src/train/run/run_folder.ts";
import type { Stage } from "../../../src/train/run/stage.ts";
import { scratch } from "../../cli/support.ts";
import { metrics } from "./resume.ts";
import { tinyTransformer } from "./tiny.ts";

const test = suite("scaled losses in a run");

const adam = { beta1: 0.9, beta2: 0.95 }, initial = 2 ** 16, maxSkipped = 2;

/** A stage of one parameter, whose gradient is `slope`. Lengths of gradients from 2^64 on are not finite. */
function sloping(slope: number): Stage {
  const parameter = state("p", { shape: [1], dtype: "f32" });
  const loss = mul(reshape(parameter, []), constant(slope));
  const scale = new LossScale({ initial, growthInterval: 100 });
  const objectives = [{ optimizer: "adam", loss, parameters: [parameter] }];
  const { effects, norms, logs } = applyGradients(objectives, { adam }, scale);
  return {
    training: {
      gradients: graphOf({ loss }, accumulateGradients(objectives, { scale })),
      apply: graphOf({ grad_norm: norms[0]!, ...logs }, effects),
      parameters: new Map([["p", parameter]]),
      initial: scale.initial,
    },
    checked: ["loss", "grad_norm"],
    source: { shapes: new Map([["p", [1]]]), read: () => Promise.resolve(Float32Array.of(1)) },
    frozen: [],
    best: { metric: "loss", largest: false },
    data: () => Promise.resolve({}),
    settings: (_, { updates }) => ({
      inputs: adamStep({ step: updates + 1, learningRate: 1e-3 }, adam),
      learningRate: 1e-3,
    }),
    publish: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Trains at most 30 steps in `folder`. */
async function run(stage: Stage, folder: string): Promise<{ step: number; skipped: number }> {
  const config = tinyTransformer("images.npz", "none", {
    ...{ steps: 30, maxSkipped },
    intervals: { log: 1, checkpoint: 0, evaluate: 0, sample: 0 },
  });
  await using backend = new WasmBackend({ threads: 1, training: trainingKernels });
  await using opened = await RunFolder.open(folder, { config, resume: false });
  return await trainingLoop(stage, { backend, folder: opened, run: config });
}

test("come down in more steps than may be skipped, and the run goes on", async () => {
  using folder = scratch();
  const { step, skipped } = await run(sloping(2 ** 50), folder.path);
  assert.equal([step, skipped], [30, 3]);
  const log = await metrics(folder.path);
  assert.equal(log.slice(0, 5).map(({ loss_scale }) => loss_scale), [
    2 ** 15,
    2 ** 14,
    2 ** 13,
    2 ** 13,
    2 ** 13,
  ]);
  assert.ok(log.at(-1)!.loss! < log[2]!.loss!, "it learned");
});

test("end a run whose numbers are not finite at any scale", async () => {
  using folder = scratch();
  await run(sloping(2 ** 100), folder.path).then(() => assert.unreachable(), (error) => {
    assert.instance(error, NumericError);
    assert.match(error.message, /got grad_norm not finite, 2 steps in a row/);
  });
  // Fifteen steps brought the scale to 2, one to 1.
  assert.is((await metrics(folder.path)).at(-1)!.skipped, 15 + maxSkipped);
});

test.run();
