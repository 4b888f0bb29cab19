import { suite } from "uvu";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";

const test = suite("tokenizer on the WASM backend");

for (const name of ["image_tiny", "image_small", "image_rect"]) {
  for (const threads of [1, 2]) {
    test(`${name} agrees with PyTorch, threads: ${threads}`, async () => {
      await using backend = new WasmBackend({ threads });
      await checkTokenizerGolden(backend, name);
    });
  }
}

test.run();
