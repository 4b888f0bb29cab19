import { suite } from "uvu";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";

const test = suite("tokenizer on the reference backend");

test("image_tiny agrees with PyTorch", async () => {
  await using backend = new ReferenceBackend();
  await checkTokenizerGolden(backend, "image_tiny");
});

test.run();
