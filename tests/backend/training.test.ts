import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inferenceBuild } from "../../src/backend/wasm/builds.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { conv2d, exp, input } from "../../src/graph/build.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { compileAll, inputOf, shortGraph } from "./programs.ts";

const test = suite("kernels of training on the WASM backend");

const x = input("x", { shape: [1, 2, 2, 4], dtype: "f32" });
const weight = input("weight", { shape: [4, 4, 1, 1], dtype: "f32" });
const programs: Readonly<Record<string, Tensor>> = {
  "an op of training": exp(x),
  "weights that a run computes": conv2d(x, { weight, stride: 1, padding: 0 }),
};

for (const [what, y] of Object.entries(programs)) {
  test(`${what}: refused without them, computed with them`, async () => {
    const graph = graphOf({ y });
    await using inferring = new WasmBackend({ threads: 1 });
    try {
      await compileAll(inferring, [graph]);
      assert.unreachable("it was compiled");
    } catch (error) {
      assert.instance(error, BackendError);
      assert.match((error as Error).message, /Cannot lower .*: expected a program of inference, got .*; set/);
    }
    const { programs: [short] } = await compileAll(inferring, [shortGraph]);
    await short!.run(inputOf(shortGraph));

    await using training = new WasmBackend({ threads: 1, training: trainingKernels });
    const { programs: [program] } = await compileAll(training, [graph]);
    const values = { x: f32Tensor([1, 2, 2, 4]), weight: f32Tensor([4, 4, 1, 1]) };
    const inputs = y.op === "unary" ? { x: values.x } : values;
    const result = await program!.run(inputs);
    assert.equal([...new Set(result.y!.data)], [y.op === "unary" ? 1 : 0]);
  });
}

test("inference has a module of its own, much smaller, and imports nothing of training's", async () => {
  for (const [variant, load] of Object.entries(inferenceBuild)) {
    const inference = await load(), training = await trainingKernels.build[variant as "simd"]();
    assert.ok(inference.kernels.length < 0.65 * training.kernels.length, variant);
  }
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("../../mod.ts", import.meta.url).pathname],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
  const names = modules.map(({ specifier }) => specifier.slice(specifier.lastIndexOf("/src/")));
  assert.ok(names.includes("/src/backend/wasm/_generated_threads.ts"));
  const trains = /^\/src\/(train|autograd)\/|^\/src\/backend\/(wasm|webgpu)\/.*training.*\.ts$/;
  assert.equal(names.filter((name) => trains.test(name)), []);
});

test.run();
