import { Buffer } from "node:buffer";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import { imagesToTensor } from "../../src/image/pixels.ts";
import { readImage } from "../../src/image/read.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { downsamplingFactor } from "../../src/networks/magvit2/config.ts";
import { nmse } from "../golden/golden.ts";
import { smallSample } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { missingChromium, openPage } from "./chromium.ts";
import { checkOps } from "./ops.ts";
import type { Page as Tests, TokenizerTask } from "./page.ts";
import { skipIf } from "../support/skip.ts";

type Opened = Awaited<ReturnType<typeof openPage>>;

const test = suite("WebGPU in Chromium");
const each = skipIf(missingChromium, test);

let opened: Opened;
let task: TokenizerTask, expected: { tokens: ArrayLike<number>; image: ArrayLike<number> };

test.before(async () => {
  if (missingChromium) return;
  const prepared = await encodeEmoji();
  ({ task, expected } = prepared);
  opened = await openPage(new URL("page.ts", import.meta.url), { files: { "/weights": prepared.weights } });
});
test.after(() => opened?.browser.close());

each("Chromium has an adapter", async () => {
  assert.ok(await opened.page.evaluate(() => (globalThis as unknown as { page: Tests }).page.adapter()));
});

each("every kernel compiles and is right in both tilings", () => checkOps(opened.page, { count: 5 }));

each("the emoji tokenizer gives the tokens and the image that WASM gives", async () => {
  const { tokens, image } = await opened.page.evaluate(
    (task) => (globalThis as unknown as { page: Tests }).page.tokenizer(task),
    task,
  );
  assert.equal(tokens, [...expected.tokens as Uint32Array]);
  const error = nmse(image, expected.image);
  assert.ok(error <= 1e-6, `NMSE ${error}`);
});

each("a tokenizer's first step of training is the reference's", async () => {
  const { webgpu, reference } = await opened.page.evaluate(() =>
    (globalThis as unknown as { page: Tests }).page.trainingStep()
  );
  assert.is(webgpu.finite, 1);
  for (const [name, value] of Object.entries(reference)) {
    const found = webgpu[name]!;
    assert.ok(value !== 0 || name === "perceptual_loss", `${name} is 0`);
    // The gradient of a shift before a norm is rounding alone, beside the length of all gradients.
    const rounding = 1e-6 * reference.grad_norm_generator!;
    const near = Math.abs(found - value) <= 1e-3 * Math.abs(value) + rounding;
    assert.ok(near, `${name}: ${found}, not ${value}`);
  }
});

/** What a small tokenizer makes of an image on WASM, and all that a browser needs to do the same. */
async function encodeEmoji(): Promise<
  { task: TokenizerTask; weights: Uint8Array; expected: typeof expected }
> {
  await using checkpoint = await openCheckpoint(smallModel);
  const { config, source } = tokenizerWeights(checkpoint);
  const original = await readImage(smallSample("ring"));
  const x = imagesToTensor([original], { factor: downsamplingFactor(config), layout: "NHWC" });
  const extent = { n: 1, height: x.shape[1]!, width: x.shape[2]! };
  const graphs = [encodeGraph(config, extent), decodeGraph(config, extent)];
  await using backend = new WasmBackend();
  await using loaded = await backend.load(source, { graphs });
  await using encode = await backend.compile(graphs[0]!, loaded);
  await using decode = await backend.compile(graphs[1]!, loaded);
  const tokens = (await encode.run({ x })).tokens!, image = (await decode.run({ tokens })).x!;

  const weights: { name: string; shape: readonly number[]; start: number }[] = [], parts: Uint8Array[] = [];
  let start = 0;
  for (const [name, shape] of source.shapes) {
    const values = await source.read(name);
    weights.push({ name, shape, start });
    start += values.length;
    parts.push(new Uint8Array(values.slice().buffer));
  }
  return {
    task: { config, weights, x: { shape: x.shape, data: [...x.data] } },
    weights: Buffer.concat(parts),
    expected: { tokens: tokens.data, image: image.data },
  };
}

test.run();
