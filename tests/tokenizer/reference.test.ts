import { suite } from "uvu";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";

const test = suite("tokenizer on the reference backend");

for (const name of ["image_tiny", "video_tiny_one_frame"]) {
  test(`${name} agrees with PyTorch`, async () => {
    await using backend = new ReferenceBackend();
    await checkTokenizerGolden(backend, name);
  });
}

test.run();
