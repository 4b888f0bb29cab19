import { suite } from "uvu";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTokenizerSteps, tokenizerGoldens, videoGoldens } from "./golden_steps.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("training of tokenizers on WebGPU");
const each = skipIf(missingAdapter, test);

for (const name of [...tokenizerGoldens, ...videoGoldens]) {
  for (const tiling of ["direct", "staged"] as Tiling[]) {
    each(`${name}, tiles ${tiling}: six steps`, async () => {
      await using backend = new WebGpuBackend({ training: trainingShaders }, { tiling });
      await checkTokenizerSteps(backend, name, 6);
    });
  }
}

test.run();
