import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { adapterFacts, findAdapter } from "../../src/backend/webgpu/adapter.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { nmse } from "../golden/golden.ts";
import { checkTransformerSteps } from "./golden_steps.ts";
import { begun, stateBits, tinyTransformer, transformerInputs, transformerTraining } from "./tiny.ts";

const test = suite("training on WebGPU");
const each = missingAdapter ? test.skip : test;

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
      const [theirs, ours] = [await expected.states!.read(name), await program.states!.read(name)];
      const error = nmse(ours.data, theirs.data);
      assert.ok(error < 1e-7, `${name}: NMSE ${error}`);
    }
    const name = "transformer.norm.weight", { shape } = await program.states!.read(name);
    await program.states!.write(name, f32Tensor(shape, new Float32Array(shape[0]!).fill(NaN)));
    const before = await stateBits(program, training);
    const { finite } = await program.run(transformerInputs({ n, step: 3 }));
    assert.is(finite!.data[0], 0);
    assert.equal(await stateBits(program, training), before);
  },
);

const adapter = await findAdapter();
const halves = adapter && adapterFacts(adapter).f16 ? test : test.skip;

halves(
  "activations in f16 with scaled losses: the same curve; a scale that is too large comes down",
  async () => {
    const n = 2, curves: number[][] = [], arenas: number[] = [];
    for (const activations of ["f32", "f16"] as const) {
      await using backend = new WebGpuBackend({ training: trainingShaders, activations });
      const lossScale = { initial: activations === "f16" ? 2 ** 24 : 1, growthInterval: 1000 };
      const training = transformerStep(tinyTransformer, { ...transformerTraining, n, lossScale });
      const program = await begun(backend, training);
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

each("graphs of training are refused where the backend is not set up for it", async () => {
  await using backend = new WebGpuBackend();
  const error = await begun(backend, transformerStep(tinyTransformer, { ...transformerTraining, n: 1 }))
    .then(() => undefined, (error: unknown) => error);
  assert.instance(error, BackendError);
  assert.match((error as Error).message, /set the backend up for training/);
});

test.run();
