import { suite } from "uvu";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("transformer of full size on the WASM backend");

test("ar_256_B agrees with PyTorch, teacher-forced and cached", async () => {
  await using backend = new WasmBackend();
  await checkTransformerGolden(backend, "ar_256_B");
});

test.run();
