import { suite } from "uvu";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { setups } from "../backend/setups.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("tokenizer on the WASM backend");

for (const name of ["image_tiny", "image_small", "image_rect"]) {
  for (const { title, options, missing } of setups) {
    const run = skipIf(missing, test);
    run(`${name} agrees with PyTorch: ${title}`, async () => {
      await using backend = new WasmBackend(options);
      await checkTokenizerGolden(backend, name);
    });
  }
}

test.run();
