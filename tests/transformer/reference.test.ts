import { suite } from "uvu";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("transformer on the reference backend");

for (const name of ["ar_tiny", "ar_small"]) {
  test(`${name} agrees with PyTorch, teacher-forced and cached`, async () => {
    await using backend = new ReferenceBackend();
    await checkTransformerGolden(backend, name);
  });
}

test.run();
