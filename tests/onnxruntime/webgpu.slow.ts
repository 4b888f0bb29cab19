import "onnxruntime-web";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decoderOnnx, encoderOnnx } from "../../src/tokenizer/onnx.ts";
import { missingChromium, openPage } from "../browser/chromium.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { hashedModel } from "../golden/tokenizer_golden.ts";
import { skipIf } from "../support/skip.ts";
import type { Page, Sent } from "./page.ts";

const test = suite("ONNX files in ONNX Runtime on WebGPU, in Chromium");
const each = skipIf(missingChromium, test);

const runtime = (file: string) => Deno.readFile(new URL(file, import.meta.resolve("onnxruntime-web")));

each("encoder and decoder agree with PyTorch", async () => {
  const golden = await readGolden("image_tiny"), model = hashedModel(golden);
  const input = JSON.parse(golden.metadata.input!) as { name: string; shape: number[] };
  const { browser, page } = await openPage(new URL("page.ts", import.meta.url), {
    files: {
      "/ort.mjs": await runtime("ort.webgpu.bundle.min.mjs"),
      "/ort.wasm": await runtime("ort-wasm-simd-threaded.asyncify.wasm"),
      "/encoder": await encoderOnnx(model).bytes(),
      "/decoder": await decoderOnnx(model).bytes(),
    },
  });
  const run = (model: string, inputs: Record<string, Sent>) =>
    page.evaluate(
      ({ model, inputs }) => (globalThis as unknown as { page: Page }).page.run(model, inputs),
      { model, inputs },
    );
  try {
    const x = { type: "float32", dims: input.shape, data: [...hashed(input.name, input.shape)] } as const;
    const encoded = await run("/encoder", { x }), tokens = golden.tensor("tokens");
    assert.equal(encoded.tokens!.data, [...tokens.data]);
    assert.ok(nmse(encoded.z!.data, golden.tensor("z").data) <= 1e-6);
    const given = { type: "int64", dims: tokens.shape, data: [...tokens.data] } as const;
    const decoded = await run("/decoder", { tokens: given });
    const error = nmse(decoded.x!.data, golden.tensor("reconstruction").data);
    assert.ok(error <= 1e-6, `NMSE ${error}`);
  } finally {
    await browser.close();
  }
});

test.run();
