import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { nmse } from "../golden/golden.ts";
import { skipIf } from "../support/skip.ts";
import { counting, given, makeCase, type OpCase, state } from "./case.ts";

const test = suite("attention on the WebGPU backend, heads that end within a vector");
const each = skipIf(missingAdapter, test);
const reference = new ReferenceBackend(), tolerance = 1e-11;

// WASM refuses these, so that they are not in the table of cases.
const examples = [
  makeCase("attention", { operands: { qkv: given([2, 7, 36], { scale: 2 }) }, attrs: { heads: 2 } }),
  makeCase("attention_grad", {
    operands: { qkv: given([2, 35, 30], { scale: 2 }), dy: given([2, 35, 10]) },
    attrs: { heads: 2 },
  }),
  ...[false, true].map((f16) =>
    makeCase("attention_step", {
      operands: {
        qkv: given([2, 36], { scale: 2 }),
        cache: state([2, 2, 2, 6, 6], f16),
        position: counting([2]),
      },
      attrs: { heads: 2, f16 },
      runs: 6,
    })
  ),
];

for (const tiling of ["direct", "staged"] as const) {
  for (const example of examples) {
    each(`${example.title}, ${tiling}`, async () => {
      await using backend = new WebGpuBackend({ training: trainingShaders }, { tiling, guarded: true });
      const expected = await compute(reference, example), actual = await compute(backend, example);
      const error = nmse(actual.data, expected.data);
      assert.ok(error <= tolerance, `NMSE ${error}`);
    });
  }
}

async function compute(backend: Backend, { graph, weights: source, runs }: OpCase): Promise<HostTensor> {
  await using weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  let y: HostTensor | undefined;
  for (const inputs of runs) ({ y } = await program.run(inputs));
  return y!;
}

test.run();
