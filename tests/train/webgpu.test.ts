import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
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

each("graphs of training are refused where the backend is not set up for it", async () => {
  await using backend = new WebGpuBackend();
  const error = await begun(backend, transformerStep(tinyTransformer, { ...transformerTraining, n: 1 }))
    .then(() => undefined, (error: unknown) => error);
  assert.instance(error, BackendError);
  assert.match((error as Error).message, /set the backend up for training/);
});

test.run();
