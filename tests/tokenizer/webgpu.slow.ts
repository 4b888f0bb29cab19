import { suite } from "uvu";
import * as assert from "uvu/assert";
import { adapterFacts, findAdapter } from "../../src/backend/webgpu/adapter.ts";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { createImage } from "../../src/image/image.ts";
import { type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { decodeGraph } from "../../src/tokenizer/programs.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { nmse, readGolden, tokenizerConfig } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { checkTokenizerGolden, hashedWeights } from "../golden/tokenizer_golden.ts";
import { smallModel } from "../support/small_model.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("tokenizer on the WebGPU backend");
const each = skipIf(missingAdapter, test);

for (
  const name of [
    "image_tiny",
    "image_small",
    "image_rect",
    "video_tiny",
  ]
) {
  for (const tiling of ["direct", "staged"] as Tiling[]) {
    each(`${name} agrees with PyTorch, tiles ${tiling}`, async () => {
      await using backend = new WebGpuBackend({}, { tiling });
      await checkTokenizerGolden(backend, name);
    });
  }
}

each("image_tiny agrees with PyTorch in bindings of 64 KiB and buffers of 160", async () => {
  await using backend = new WebGpuBackend({}, { limits: { binding: 64 << 10, buffer: 160 << 10 } });
  await checkTokenizerGolden(backend, "image_tiny");
});

each("image_tiny agrees with PyTorch in submits of one dispatch and less", async () => {
  await using backend = new WebGpuBackend({ flopPerSubmit: 1e5 });
  await checkTokenizerGolden(backend, "image_tiny");
});

each("image_small is decoded within an NMSE of 1e-4 with activations in f16", async () => {
  if (missingAdapter || !adapterFacts((await findAdapter())!).f16) return;
  const golden = await readGolden("image_small"), config = tokenizerConfig(golden);
  const [n, , height, width] = JSON.parse(golden.metadata.input!).shape;
  const graph = decodeGraph(config, { n, height, width }), { shape, data } = golden.tensor("tokens");
  const decode = async (activations: "f32" | "f16") => {
    await using backend = new WebGpuBackend({ activations });
    await using weights = await backend.load(hashedWeights([graph]), { graphs: [graph], format: "f16" });
    await using program = await backend.compile(graph, weights);
    const { x } = await program.run({ tokens: u32Tensor(shape, data as Uint32Array) });
    return { x: x as HostTensor<"f32">, bytes: program.stats.arenaBytes };
  };
  const whole = await decode("f32"), f16 = await decode("f16");
  const error = nmse(f16.x.data, whole.x.data);
  assert.ok(error > 0 && error < 1e-4, `NMSE ${error}`);
  assert.ok(f16.bytes < 0.75 * whole.bytes, `${f16.bytes} of ${whole.bytes} bytes`);
});

each("a model that is stored in f16 is kept so, and gives the tokens that WASM gives", async () => {
  const size = { width: 32, height: 32 };
  const image = createImage(size, Uint8Array.from(hashed("image", [32, 32, 3]), (u) => 128 + 127 * u));
  await using backend = new WebGpuBackend();
  await using tokenizer = await Tokenizer.load(smallModel, { backend });
  await using onWasm = await Tokenizer.load(smallModel, { backend: "wasm" });
  const { size: stored } = await Deno.stat(`${smallModel}/model.safetensors`),
    { bytesWritten } = backend.counters;
  assert.ok(bytesWritten < 1.1 * stored, `${bytesWritten} bytes for a file of ${stored}`);
  assert.equal(await tokenizer.encode(image), await onWasm.encode(image));
});

test.run();
