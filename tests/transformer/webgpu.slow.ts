import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { recordedAtOnce } from "../../src/backend/webgpu/work.ts";
import { generateTokens } from "../../src/transformer/generate_tokens.ts";
import { TransformerEngine } from "../../src/transformer/engine.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { defaultSampling } from "../../src/transformer/settings.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";
import { smallModel } from "../support/small_model.ts";
import { tinyModel } from "./tiny.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("transformer on the WebGPU backend");
const each = skipIf(missingAdapter, test);

for (const name of ["ar_tiny", "ar_small"]) {
  each(`${name} agrees with PyTorch, teacher-forced and cached`, async () => {
    await using backend = new WebGpuBackend();
    await checkTransformerGolden(backend, name);
  });
}

each("ar_tiny agrees with PyTorch in bindings of 16 KiB and buffers of 40", async () => {
  await using backend = new WebGpuBackend({}, { limits: { binding: 16 << 10, buffer: 40 << 10 } });
  await checkTransformerGolden(backend, "ar_tiny");
});

each("a small model generates the same tokens as on WASM from the same seed", async () => {
  const generate = async (backend: Backend) => {
    await using generator = await Generator.load(smallModel, { backend, weights: "f32" });
    const images = await generator.generate({
      classIds: ["food & drink", 5],
      seed: 42,
      topP: [0.96, 0.96],
      candidates: 2,
    });
    return images.map(({ tokens }) => [...tokens.data]);
  };
  await using wasm = new WasmBackend(), webgpu = new WebGpuBackend();
  assert.equal(await generate(webgpu), await generate(wasm));
});

each("generation reads back once in 32 tokens, with few submits and no new buffers", async () => {
  await using backend = new WebGpuBackend({ flopPerSubmit: 1e9 });
  await using engine = await TransformerEngine.load(tinyModel().transformer, { backend, weights: "q8" });
  const { layers, factorizedLayers, grid } = engine.config, tokens = grid ** 2;
  const batch = { candidates: [{ classId: 3, index: 0, candidate: 0 }], seed: 7, settings: defaultSampling };
  for await (const _ of generateTokens(engine, batch)) continue;
  const before = backend.counters;
  let generated = 0;
  for await (const { count } of generateTokens(engine, batch)) generated = count;
  const after = backend.counters;
  assert.is(generated, tokens);
  assert.is(after.readBacks - before.readBacks, Math.ceil(tokens / 32));
  const recorded = Math.ceil((after.dispatches - before.dispatches) / recordedAtOnce);
  assert.ok(after.submits - before.submits <= 2 * recorded, `${after.submits - before.submits} submits`);
  assert.equal([after.buffers, after.bufferBytes], [before.buffers, before.bufferBytes]);
  // The factorized blocks run twice. Beside the blocks: embeddings, guidance, heads, sampling.
  const blocks = layers + 2 * factorizedLayers, dispatches = (after.dispatches - before.dispatches) / tokens;
  assert.ok(dispatches <= 5 * blocks + 13, `${dispatches} dispatches a token of ${blocks} blocks`);
});

test.run();
