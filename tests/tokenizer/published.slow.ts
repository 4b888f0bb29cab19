import { suite } from "uvu";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";

const test = suite("published tokenizers at full size");

for (const name of ["imagenet_256_L", "imagenet_128_L", "pretrain_256_16384", "video_128_262144"]) {
  test(`${name} agrees with PyTorch`, async () => {
    await using backend = new WasmBackend();
    await checkTokenizerGolden(backend, name);
  });
}

test.run();
