import { suite } from "uvu";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTokenizerSteps, decided } from "./golden_steps.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("training of tokenizers on WebGPU");
const each = skipIf(missingAdapter, test);

for (const name of Object.keys(decided)) {
  each(`${name}: six steps`, async () => {
    await using backend = new WebGpuBackend({ training: trainingShaders });
    await checkTokenizerSteps(backend, name, 6);
  });
}

test.run();
