import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { defaultSampling } from "../../src/transformer/settings.ts";
import { generateTokens } from "../../src/transformer/generate_tokens.ts";
import { TransformerEngine } from "../../src/transformer/engine.ts";
import { tinyModel } from "../transformer/tiny.ts";
import { missingAdapter } from "./adapter.ts";
import { compileAll, inputOf, shortGraph } from "./programs.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("a thousand runs on the WebGPU backend");
const each = skipIf(missingAdapter, test);

/** What a process may grow by between its first and its last runs: what engines keep until they tidy up. */
const mostGrowth = 24e6;
const runs = 1000, warm = 200;

/** Runs `work` so often, and holds memory and counters after all against those after the first of them. */
async function growsNot(backend: WebGpuBackend, work: () => Promise<unknown>): Promise<void> {
  let before = { rss: 0, counters: backend.counters };
  for (let i = 0; i < warm + runs; i++) {
    if (i === warm) before = { rss: Deno.memoryUsage().rss, counters: backend.counters };
    await work();
  }
  const after = backend.counters, { buffers, bufferBytes, pipelines } = before.counters;
  assert.equal([after.buffers, after.bufferBytes, after.pipelines], [buffers, bufferBytes, pipelines]);
  const growth = Deno.memoryUsage().rss - before.rss;
  console.log(`    ${(growth / 1e6).toFixed(1)} MB more after ${runs} runs`);
  assert.ok(growth <= mostGrowth, `${growth} bytes more`);
}

each("of a program need no more memory", async () => {
  await using backend = new WebGpuBackend();
  const { programs: [program] } = await compileAll(backend, [shortGraph]);
  const inputs = inputOf(shortGraph);
  await growsNot(backend, () => program!.run(inputs));
});

each("that sample images need no more memory", async () => {
  await using backend = new WebGpuBackend();
  await using engine = await TransformerEngine.load(tinyModel().transformer, { backend, weights: "q4" });
  let seed = 0;
  await growsNot(backend, async () => {
    const batch = {
      candidates: [{ classId: 3, index: 0, candidate: 0 }],
      seed: seed++,
      settings: defaultSampling,
    };
    for await (const _ of generateTokens(engine, batch)) continue;
  });
});

test.run();
