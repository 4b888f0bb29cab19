import { suite } from "uvu";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";

const test = suite("tokenizer on the WebGPU backend");
const each = missingAdapter ? test.skip : test;
const why = missingAdapter ? ` (skipped: ${missingAdapter})` : "";

for (const name of ["image_tiny", "image_small", "image_rect"]) {
  for (const tiling of ["direct", "staged"] as Tiling[]) {
    each(`${name} agrees with PyTorch, tiles ${tiling}${why}`, async () => {
      await using backend = new WebGpuBackend({}, { tiling });
      await checkTokenizerGolden(backend, name);
    });
  }
}

each(`image_tiny agrees with PyTorch in bindings of 64 KiB and buffers of 160${why}`, async () => {
  await using backend = new WebGpuBackend({}, { limits: { binding: 64 << 10, buffer: 160 << 10 } });
  await checkTokenizerGolden(backend, "image_tiny");
});

each(`image_tiny agrees with PyTorch in submits of one dispatch and less${why}`, async () => {
  await using backend = new WebGpuBackend({ flopPerSubmit: 1e5 });
  await checkTokenizerGolden(backend, "image_tiny");
});

test.run();
