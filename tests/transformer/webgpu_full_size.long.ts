import { suite } from "uvu";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("transformer of full size on the WebGPU backend");
const each = skipIf(missingAdapter, test);

each("ar_256_B agrees with PyTorch, teacher-forced and cached", async () => {
  await using backend = new WebGpuBackend();
  await checkTransformerGolden(backend, "ar_256_B");
});

test.run();
