import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { constant, straightThrough } from "../../src/graph/build.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { tensorsOf } from "../../src/graph/trace.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { lfq } from "../../src/tokenizer/quantizers/lfq.ts";
import { lossScaleFor } from "../../src/train/loss_scale.ts";
import { tokenizerStep, type TokenizerStepConfig } from "../../src/train/tokenizer_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { missingAdapter, missingF16 } from "../backend/adapter.ts";
import { nmse } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { checkTransformerSteps } from "./golden_steps.ts";
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
import { skipIf } from "../support/skip.ts";

const test = suite("training on WebGPU");
const each = skipIf(missingAdapter, test);

each("train_ar: six steps", async () => {
  await using backend = new WebGpuBackend({ training: trainingShaders });
  await checkTransformerSteps(backend);
});

each(
  "steps drop what they drop on WASM; those that are not finite leave all states as they were",
  async () => {
    const n = 2, training = transformerStep(tinyTransformer, { ...transformerTraining, n });
    await using wasm = new WasmBackend({ threads: 2, training: trainingKernels });
    await using gpu = new WebGpuBackend({ training: trainingShaders });
    const [expected, program] = [await begun(wasm, training), await begun(gpu, training)];
    for (const step of [1, 2]) {
      const given = transformerInputs({ n, step });
      const [theirs, ours] = [await expected.run(given), await program.run(given)];
      assert.ok(Math.abs(ours.loss!.data[0]! / theirs.loss!.data[0]! - 1) < 1e-5, `step ${step}`);
    }
    for (const name of training.parameters.keys()) {
      const [theirs, ours] = [await expected.states.read(name), await program.states.read(name)];
      const error = nmse(ours.data, theirs.data);
      assert.ok(error < 1e-7, `${name}: NMSE ${error}`);
    }
    const name = "transformer.norm.weight", { shape } = await program.states.read(name);
    await program.states.write(name, f32Tensor(shape, new Float32Array(shape[0]!).fill(NaN)));
    const before = await stateBits(program, training);
    const { finite } = await program.run(transformerInputs({ n, step: 3 }));
    assert.is(finite!.data[0], 0);
    assert.equal(await stateBits(program, training), before);
  },
);

const f16Test = skipIf(missingF16, test);

f16Test(
  "activations in f16 with scaled losses: the same curve; a scale that is too large comes down",
  async () => {
    const n = 2, curves: number[][] = [], arenas: number[] = [];
    await using backend = new WebGpuBackend({ training: trainingShaders });
    for (const activations of ["f32", "f16"] as const) {
      const lossScale = { initial: activations === "f16" ? 2 ** 24 : 1, growthInterval: 1000 };
      const training = transformerStep(tinyTransformer, { ...transformerTraining, n, lossScale });
      await using program = await begun(backend, training, { activations });
      const curve = [];
      let skipped = 0, step = 1;
      while (step <= 4 && skipped < 24) {
        const { loss, finite } = await program.run(transformerInputs({ n, step }));
        if (finite!.data[0] === 0) skipped++;
        else {
          curve.push(loss!.data[0]!);
          step++;
        }
      }
      assert.is(skipped > 0, activations === "f16", `${skipped} steps are skipped`);
      curves.push(curve);
      arenas.push(program.stats.arenaBytes);
    }
    assert.is(curves[1]!.length, 4);
    curves[1]!.forEach((loss, i) => {
      const expected = curves[0]![i]!;
      assert.ok(Math.abs(loss / expected - 1) < 1e-3, `step ${i}: ${loss}, not ${expected}`);
    });
    assert.ok(arenas[1]! < 0.85 * arenas[0]!, `${arenas}`);
  },
);

const size = 16, lossScale = lossScaleFor("f16"), codesShape = [2, 8, 8, 6];
/** Codes that no rounding turns over, and no loss that hangs on the sign of a latent. */
const decided = {
  ...{ entropyWeight: 0, commitmentWeight: 0 },
  quantizer: {
    ...lfq(6),
    quantize: (z: Tensor) => {
      const codes = hashed("codes", codesShape).map((u) => u > 0 ? 1 : -1);
      return straightThrough(constant(f32Tensor(codesShape, codes)), z);
    },
  },
};
const tokenizer = (changes: Partial<TokenizerStepConfig>) => ({
  make: () =>
    tokenizerStep(tinyTokenizer, { ...tokenizerTraining, ...decided, n: 2, size, lossScale, ...changes }),
  inputs: () => tokenizerInputs({ n: 2, size, step: 1 }),
});

/**
 * How far gradients in mixed precision may be from those in f32, each and together: the length of the difference, over the
 * gradient's. L1 and leaky ReLUs have kinks, at which a slope turns over where rounding moves a value across.
 */
const stages = {
  transformer: {
    make: () => transformerStep(tinyTransformer, { ...transformerTraining, n: 2, lossScale }),
    inputs: () => transformerInputs({ n: 2, step: 1 }),
    ...{ farthest: 0.02, farthestTogether: 0.005 },
  },
  "tokenizer without kinks": {
    ...tokenizer({ l1Weight: 0, l2Weight: 1, discriminator: undefined }),
    ...{ farthest: 0.01, farthestTogether: 0.003 },
  },
  "tokenizer with its discriminator": { ...tokenizer({}), farthest: 0.1, farthestTogether: 0.04 },
};

for (const [name, { make, inputs, farthest, farthestTogether }] of Object.entries(stages)) {
  f16Test(`gradients of the ${name} in mixed precision are those in f32`, async () => {
    await using wasm = new WasmBackend({ threads: 2, training: trainingKernels });
    await using gpu = new WebGpuBackend({ training: trainingShaders });
    const training = make(), moments: Map<string, ArrayLike<number>>[] = [], logs = [];
    for (const [backend, activations] of [[wasm, "f32"], [gpu, "f16"]] as const) {
      await using program = await begun(backend, training, { activations });
      logs.push(await program.run(inputs()));
      // After one step a moment is its gradient, by one factor.
      const found = new Map<string, ArrayLike<number>>();
      for (const { attrs: { name } } of tensorsOf(training.apply, "state")) {
        if (/^adam\w*\.m\./.test(name)) found.set(name, (await program.states.read(name)).data);
      }
      moments.push(found);
    }
    const [expected, actual] = moments as [typeof moments[0], typeof moments[0]];
    let differing = 0, all = 0;
    for (const [moment, theirs] of expected!) {
      const ours = actual!.get(moment)!, square = squares(theirs);
      const difference = squares(Array.from(ours, (value, i) => value - theirs[i]!));
      assert.ok(
        square > 0 && difference <= farthest ** 2 * square,
        `${moment}: ${Math.sqrt(difference / square)}`,
      );
      differing += difference;
      all += square;
    }
    assert.ok(differing > 0 && differing <= farthestTogether ** 2 * all, `${Math.sqrt(differing / all)}`);
    for (const [log, { data: [value] }] of Object.entries(logs[0]!)) {
      const ours = logs[1]![log]!.data[0]!;
      assert.ok(Math.abs(ours - value!) <= 0.02 * Math.abs(value!), `${log}: ${ours}, not ${value}`);
    }
  });
}

function squares(values: ArrayLike<number>): number {
  return Array.prototype.reduce.call(values, (sum, value) => (sum as number) + value ** 2, 0) as number;
}

each("graphs of training are refused where the backend is not set up for it", async () => {
  await using backend = new WebGpuBackend();
  const error = await begun(backend, transformerStep(tinyTransformer, { ...transformerTraining, n: 1 }))
    .then(() => undefined, (error: unknown) => error);
  assert.instance(error, BackendError);
  assert.match((error as Error).message, /set the backend up for training/);
});

test.run();
