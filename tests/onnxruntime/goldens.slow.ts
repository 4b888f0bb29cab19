import * as runtime from "onnxruntime-web";
import { suite } from "uvu";
import { OrtBackend } from "../../src/backend/ort/ort_backend.ts";
import { checkForms, checkWrong } from "../backend/arguments.ts";
import { checkSharedStates } from "../backend/shared_states.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("ONNX Runtime as a backend");
const open = () => new OrtBackend({ runtime, threads: 2 });

for (const name of ["image_tiny", "image_small", "image_rect", "imagenet_256_L"]) {
  test(`${name} agrees with PyTorch`, async () => {
    await using backend = open();
    await checkTokenizerGolden(backend, name);
  });
}

for (const name of ["ar_tiny", "ar_small"]) {
  test(`${name} agrees with PyTorch, teacher-forced and cached`, async () => {
    await using backend = open();
    await checkTransformerGolden(backend, name);
  });
}

test("programs share states", () => checkSharedStates(open));
test("every list of the same numbers gives the same", () => checkForms(open));
test("wrong arguments are refused by name", () => checkWrong(open));

test.run();
