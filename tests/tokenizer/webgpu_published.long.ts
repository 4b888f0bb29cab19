import { suite } from "uvu";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("published tokenizers at full size on the WebGPU backend");
const each = skipIf(missingAdapter, test);

for (const name of ["imagenet_256_L", "imagenet_128_L", "pretrain_256_16384", "video_128_262144"]) {
  each(`${name} agrees with PyTorch`, async () => {
    await using backend = new WebGpuBackend();
    await checkTokenizerGolden(backend, name);
  });
}

test.run();
