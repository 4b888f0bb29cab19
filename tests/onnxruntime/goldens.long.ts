import * as runtime from "onnxruntime-web";
import { suite } from "uvu";
import { OrtBackend } from "../../src/backend/ort/ort_backend.ts";
import { checkTransformerGolden } from "../golden/transformer_golden.ts";

const test = suite("transformer of full size on ONNX Runtime");

test("ar_256_B agrees with PyTorch, teacher-forced and cached", async () => {
  await using backend = new OrtBackend({ runtime, threads: 2 });
  await checkTransformerGolden(backend, "ar_256_B");
});

test.run();
