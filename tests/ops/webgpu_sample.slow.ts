import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { skipIf } from "../support/skip.ts";
import { given, integers, makeCase } from "./case.ts";

const test = suite("sampling on the WebGPU backend, from random logits of which many are equal");
const each = skipIf(missingAdapter, test);

/** Sizes of vocabularies: one token, fewer than threads, several tokens a thread. */
const vocabSizes = [1, 13, 700], numRuns = 60, n = 2;

const rows = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: n, maxLength: n });
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const inputsOf = (vocabSize: number) =>
  fc.record({
    logits: fc.oneof(
      ...[[0, -1, 1, 2.5], [-0, 0, 3], [5, -3, 1e-3], [0, -Infinity], [1, NaN], [1, Infinity]].map((
        values,
      ) => fc.array(fc.constantFrom(...values), { minLength: n * vocabSize, maxLength: n * vocabSize })),
    ).map((values) => f32Tensor([n, vocabSize], Float32Array.from(values))),
    temperature: rows(fc.constantFrom(0, 0.25, 1, 3)).map((values) =>
      f32Tensor([n], Float32Array.from(values))
    ),
    topK: rows(fc.nat(vocabSize + 1)).map((values) => u32Tensor([n], Uint32Array.from(values))),
    topP: rows(fc.oneof(fc.constantFrom(0, 0.5, 1), fc.float({ min: 0, max: 1, noNaN: true })))
      .map((values) => f32Tensor([n], Float32Array.from(values))),
    random: fc.array(word, { minLength: 4 * n, maxLength: 4 * n })
      .map((values) => u32Tensor([n, 4], Uint32Array.from(values))),
  });

for (const tiling of ["direct", "staged"] satisfies Tiling[]) {
  for (const vocabSize of vocabSizes) {
    each(`${vocabSize} tokens, ${tiling}: those of the reference`, async () => {
      const operands = {
        ...{
          logits: given([n, vocabSize]),
          temperature: given([n]),
          topK: integers([n], 1),
          topP: given([n]),
        },
        random: integers([n, 4], 1),
      };
      const { graph, weights: source } = makeCase("sample", { operands, attrs: { word: 2, repeat: 1 } });
      const backends = [new ReferenceBackend(), new WebGpuBackend({}, { tiling, guarded: true })];
      const programs = await Promise.all(
        backends.map(async (backend) =>
          await backend.compile(graph, await backend.load(source, { graphs: [graph] }))
        ),
      );
      const property = fc.asyncProperty(inputsOf(vocabSize), async (inputs) => {
        const [expected, actual] = await Promise.all(
          programs.map(async (program) => [...(await program.run(inputs)).y!.data]),
        );
        assert.equal(actual, expected);
      });
      await fc.assert(property, { numRuns, endOnFailure: true });
      for (const backend of backends) await backend[Symbol.asyncDispose]();
    });
  }
}

test.run();
