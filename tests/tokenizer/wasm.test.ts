import { suite } from "uvu";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { setups } from "../backend/setups.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("tokenizer on the WASM backend");

const films = ["video_tiny", "video_tiny_one_frame", "video_small", "video_spatial_level"];

for (const name of ["image_tiny", "image_small", "image_rect", ...films]) {
  for (const { title, options, missing } of setups) {
    const run = skipIf(missing, test);
    run(`${name} agrees with PyTorch: ${title}`, async () => {
      await using backend = new WasmBackend(options);
      await checkTokenizerGolden(backend, name);
    });
  }
}

test.run();
