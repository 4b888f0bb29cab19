import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { plannedWork, tokenizer, transformer } from "./webgpu_plans.ts";

const test = suite("what WebGPU programs of the published models ask of a GPU");

for (const format of ["q8", "f16", "f32"] as const) {
  test(`a token in ${format}: at most 7 dispatches a block, 1.15 times the bytes of its weights`, () => {
    const graph = stepGraph(transformer, { n: 1, guided: true, f16Cache: format !== "f32" });
    const { dispatches, movedBytes, weightBytes, flop } = plannedWork(graph, format);
    const blocks = transformer.layers + 2 * transformer.factorizedLayers;
    assert.ok(dispatches <= 7 * blocks, `${dispatches} dispatches for ${blocks} blocks`);
    assert.ok(weightBytes > 0.99 * 364e6 * { q8: 8.5, f16: 16, f32: 32 }[format] / 8, `${weightBytes}`);
    assert.ok(movedBytes <= 1.15 * weightBytes, `${movedBytes} bytes, ${weightBytes} of them weights`);
    assert.ok(flop < 2e9, `${flop}`);
  });
}

test("encoding and decoding 256² take the expected dispatches and submits, and the memory of live tensors", () => {
  const extent = { n: 1, height: 256, width: 256 };
  for (
    const [graph, dispatches, submits] of [
      [encodeGraph(tokenizer, extent), 200, 6],
      [decodeGraph(tokenizer, extent), 252, 7],
    ] as const
  ) {
    const planned = plannedWork(graph, "f32");
    assert.is(planned.dispatches, dispatches);
    assert.ok(planned.submits <= submits, `${planned.submits} submits`);
    assert.is(planned.arenaBytes, planned.liveBytes);
    assert.ok(planned.largestBytes <= 2 ** 25, `${planned.largestBytes} bytes in one tensor`);
  }
});

test.run();
