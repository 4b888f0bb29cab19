import * as runtime from "onnxruntime-web";
import { suite } from "uvu";
import { OrtBackend } from "../../src/backend/ort/ort_backend.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("other models of full size on ONNX Runtime");
const open = () => new OrtBackend({ runtime, threads: 2 });

for (const name of ["imagenet_128_L", "pretrain_256_16384"]) {
  test(`${name} agrees with PyTorch`, async () => {
    await using backend = open();
    await checkTokenizerGolden(backend, name);
  });
}

test("ar_256_B agrees with PyTorch, teacher-forced and cached", async () => {
  await using backend = open();
  await checkTransformerGolden(backend, "ar_256_B");
});

test.run();
