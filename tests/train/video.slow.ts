import { suite } from "uvu";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { skipIf } from "../support/skip.ts";
import { checkTokenizerSteps, videoGoldens } from "./golden_steps.ts";

const test = suite("training of video tokenizers");

for (const name of videoGoldens) {
  for (const variant of ["threads", "relaxed", "simd"] as const) {
    test(`${name} on WASM, ${variant}: six steps`, async () => {
      const threads = variant === "threads" ? 2 : undefined;
      await using backend = new WasmBackend({ variant, threads, training: trainingKernels });
      await checkTokenizerSteps(backend, name, 6);
    });
  }

  test(`${name} on the reference: the first step`, async () => {
    await using backend = new ReferenceBackend();
    await checkTokenizerSteps(backend, name, 1);
  });

  skipIf(missingAdapter, test)(`${name} on WebGPU: the first step`, async () => {
    await using backend = new WebGpuBackend({ training: trainingShaders });
    await checkTokenizerSteps(backend, name, 1);
  });
}

test.run();
