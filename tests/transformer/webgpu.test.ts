import { suite } from "uvu";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("transformer on the WebGPU backend");
const each = missingAdapter ? test.skip : test;
const why = missingAdapter ? ` (skipped: ${missingAdapter})` : "";

for (const name of ["ar_tiny", "ar_small"]) {
  each(`${name} agrees with PyTorch, teacher-forced and cached${why}`, async () => {
    await using backend = new WebGpuBackend();
    await checkTransformerGolden(backend, name);
  });
}

test.run();
