import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { smallModel } from "../support/small_model.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("tokens of the small model");
const each = skipIf(missingAdapter, test);

each("are the same on WebGPU and WASM for all classes and three seeds", async () => {
  const generate = async (backend: Backend) => {
    await using generator = await Generator.load(smallModel, { backend, weights: "f32" });
    const classIds = Array.from({ length: generator.config.classes }, (_, i) => i);
    const generated: number[][] = [];
    for (const seed of [0, 1, 2]) {
      const images = await generator.generate({ classIds, seed });
      generated.push(...images.map(({ tokens }) => [...tokens.data]));
    }
    return generated;
  };
  await using wasm = new WasmBackend(), webgpu = new WebGpuBackend();
  const expected = await generate(wasm);
  assert.is(expected.length, 27);
  assert.equal(await generate(webgpu), expected);
});

test.run();
