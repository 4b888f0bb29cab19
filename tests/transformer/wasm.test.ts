import { suite } from "uvu";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("transformer on the WASM backend");

for (const name of ["ar_tiny", "ar_small"]) {
  for (const threads of [1, 2]) {
    test(`${name} agrees with PyTorch, teacher-forced and cached, threads: ${threads}`, async () => {
      await using backend = new WasmBackend({ threads });
      await checkTransformerGolden(backend, name);
    });
  }
}

test.run();
