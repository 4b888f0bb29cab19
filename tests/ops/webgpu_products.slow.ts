import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, WeightFormat } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { add, input, linear, param } from "../../src/graph/build.ts";
import { fuse } from "../../src/graph/fuse.ts";
import { graphOf } from "../../src/graph/trace.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { nmse } from "../golden/golden.ts";
import { skipIf } from "../support/skip.ts";
import { given, makeCase, type OpCase, weight } from "./case.ts";

const test = suite("products of few rows on the WebGPU backend, of random sizes");
const each = skipIf(missingAdapter, test);

const reference = new ReferenceBackend();
const tolerance = 1e-11, numRuns = 16;

/** Sizes about those where a kernel's chunks, steps, teams and blocks of rows end. */
const size = (unit: number, most: number) =>
  fc.tuple(fc.integer({ min: 0, max: most }), fc.integer({ min: -1, max: 1 }))
    .map(([count, more]) => Math.max(1, unit * count + more));
const example = fc.record({
  ...{
    rows: fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 17, max: 65 })),
    width: fc.oneof(size(32, 40), size(4, 40)),
  },
  ...{ outputs: fc.oneof(size(8, 8), size(1, 40)) },
  format: fc.constantFrom<WeightFormat>("f32", "f16", "q8", "q4"),
  fused: fc.subarray(["norm", "up", "bias", "residual"] as const),
});

for (const tiling of ["direct", "staged"] satisfies Tiling[]) {
  each(`rows, widths and outputs of ${numRuns} products, ${tiling}`, async () => {
    await using backend = new WebGpuBackend({}, { tiling, guarded: true });
    const property = fc.asyncProperty(example, async ({ rows, width, outputs, format, fused }) => {
      const norm = fused.includes("norm");
      const operands = {
        ...{ x: given([rows, width]), weight: weight([outputs, width]) },
        ...norm && { norm: weight([width]) },
        ...norm && fused.includes("up") && { up: weight([outputs, width]) },
        ...fused.includes("bias") && { bias: weight([outputs]) },
        ...fused.includes("residual") && { residual: given([rows, outputs]) },
      };
      const made = makeCase("linear", { operands, attrs: norm ? { eps: 1e-5 } : {}, runs: 1 });
      const expected = await compute(reference, made, format), actual = await compute(backend, made, format);
      const error = nmse(actual.data, expected.data);
      assert.ok(error <= tolerance, `${made.title} in ${format}: NMSE ${error}`);
    });
    await fc.assert(property, { numRuns, endOnFailure: true });
  });
}

each("a product is added to what it reads", async () => {
  await using backend = new WebGpuBackend();
  for (const width of [8, 6]) {
    const made = makeCase("linear", {
      operands: { x: given([2, width]), weight: weight([width, width]) },
      attrs: {},
      runs: 1,
    });
    const [x, w] = [input("x", { shape: [2, width], dtype: "f32" }), param("weight", [width, width])];
    const graph = fuse(graphOf({ y: add(x, linear(x, { weight: w })) }));
    assert.equal(graph.tensors.filter(({ op }) => op === "binary"), [], "the addition is fused");
    const example = { ...made, graph };
    const expected = await compute(reference, example, "f32");
    const error = nmse((await compute(backend, example, "f32")).data, expected.data);
    assert.ok(error <= tolerance, `${width}: NMSE ${error}`);
  }
});

async function compute(backend: Backend, made: OpCase, format: WeightFormat): Promise<HostTensor> {
  await using weights = await backend.load(made.weights, { graphs: [made.graph], format });
  await using program = await backend.compile(made.graph, weights);
  return (await program.run(made.runs[0]!)).y!;
}

test.run();
