import * as assert from "uvu/assert";
import { openDevice } from "../../src/backend/webgpu/device.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { readGolden, tokenizerConfig } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

/**
 * Destroys the device in the middle of `times` runs: each fails with a typed error, and the next run gives the same
 * tokens, without more buffers than before.
 */
export async function survivesLoss(times: number, { keepWeights }: { keepWeights: boolean }): Promise<void> {
  let device: GPUDevice | undefined;
  const open = async () => device = await openDevice();
  await using backend = new WebGpuBackend({ keepWeights, flopPerSubmit: 1e6 }, { open });
  const config = tokenizerConfig(await readGolden("image_tiny"));
  const extent = { n: 1, height: 32, width: 32 };
  const graphs = [encodeGraph(config, extent), decodeGraph(config, extent)];
  await using weights = await backend.load(hashedWeights(graphs), { graphs });
  await using encode = await backend.compile(graphs[0]!, weights);
  const shape = [1, 32, 32, 3], x = f32Tensor(shape, hashed("an image", shape));
  const expected = (await encode.run({ x })).tokens!;
  const { buffers, bufferBytes } = backend.counters;
  for (let i = 0; i < times; i++) {
    const running = encode.run({ x });
    const destroyed = device!;
    // In different phases of the run: before its first submit, between submits, while its results are awaited.
    const timer = setTimeout(() => destroyed.destroy(), i % 5 * 2);
    let error: unknown;
    try {
      await running;
      clearTimeout(timer);
      destroyed.destroy();
      await destroyed.lost;
    } catch (thrown) {
      error = thrown;
      assert.instance(error, BackendError, `${i}: ${error}`);
      assert.match((error as Error).message, "lost");
    }
    if (i % 5 === 0) assert.ok(error, "a run that had just begun came to its end");
    assert.equal((await encode.run({ x })).tokens, expected, `run after loss ${i}`);
    assert.is(backend.counters.buffers, buffers);
    assert.is(backend.counters.bufferBytes, bufferBytes);
  }
}
