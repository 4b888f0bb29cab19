import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { createMachine } from "../../src/backend/wasm/machine.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { add, input, linear, matmul } from "../../src/graph/build.ts";
import { type Graph, graphOf, tensorsOf } from "../../src/graph/trace.ts";
import { f32Tensor, type HostTensor } from "../../src/tensor/tensor.ts";
import { nmse } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { runOnce } from "../train/backends.ts";

const test = suite("products of training on the WASM backend");

const given = (name: string, ...shape: number[]) => input(name, { shape, dtype: "f32" });

/** Rows, values of a row, outputs: below, at and beyond tiles of 6×8, blocks of 96 rows and of 384 values. */
const extents: readonly (readonly [number, number, number])[] = [
  [24, 8, 8],
  [25, 3, 9],
  [96, 384, 256],
  [97, 385, 257],
  [131, 770, 12],
  [200, 33, 530],
];

/** Products of a linear layer with a weight that a run computes: its result, with a residual, and both gradients. */
function products(rows: number, k: number, outputs: number): Graph {
  const x = given("x", rows, k), weight = given("weight", outputs, k), dy = given("dy", rows, outputs);
  return graphOf({
    y: linear(x, { weight }),
    sum: add(dy, linear(x, { weight })),
    dx: matmul(dy, weight),
    dweight: matmul(dy, x, { transposeA: true }),
  });
}

function inputsOf(graph: Graph): Record<string, HostTensor> {
  return Object.fromEntries(
    tensorsOf(graph, "input").map((
      { shape, attrs: { name } },
    ) => [name, f32Tensor(shape, hashed(name, shape))]),
  );
}

test("agree with the reference, write nowhere else, and are the same with any number of threads", async () => {
  await using reference = new ReferenceBackend();
  for (const extent of extents) {
    const graph = products(...extent), inputs = inputsOf(graph);
    const expected = await runOnce(reference, graph, inputs);
    const bits: Record<string, HostTensor>[] = [];
    for (const threads of [1, 2, 4]) {
      const options = { threads, training: trainingKernels },
        machine = createMachine(options, { guarded: true });
      await using backend = new WasmBackend(options, machine);
      const results = await runOnce(backend, graph, inputs);
      assert.equal(machine.heap.damaged(), [], `${extent}: stray writes`);
      for (const [name, { data }] of Object.entries(results)) {
        const error = nmse(data, expected[name]!.data);
        assert.ok(error <= 1e-10, `${extent}, ${name}: NMSE ${error}`);
      }
      bits.push(results);
    }
    for (const results of bits.slice(1)) {
      assert.equal(results, bits[0], `${extent}: not the bits of one thread`);
    }
  }
});

test.run();
