/** Every form in which a browser has an image gives the tokens that its file gives elsewhere. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readImage } from "../../src/image/read.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { goldenFiles, maxDifference } from "../image/support.ts";
import { shippedModel, shippedSample } from "../support/models.ts";
import { skipIf } from "../support/skip.ts";
import { bundle, missingChromium, openPage } from "./chromium.ts";
import type { InputsPage } from "./inputs_page.ts";

const test = suite("inputs in Chromium");
const each = skipIf(missingChromium, test);

let opened: Awaited<ReturnType<typeof openPage>>;
const sample = shippedSample("ring"), model = `${shippedModel}/model.safetensors`;

test.before(async () => {
  if (missingChromium) return;
  const files = {
    "/model": await Deno.readFile(model),
    "/ring.png": await Deno.readFile(sample),
    "/rgba.png": goldenFiles.get("rgba.png")!.bytes,
    "/worker.js": new TextEncoder().encode(await bundle(new URL("inputs_worker.ts", import.meta.url))),
  };
  opened = await openPage(new URL("inputs_page.ts", import.meta.url), { files });
});
test.after(() => opened?.browser.close());

each("the pixels are those of the file, transparent ones within a rounding", async () => {
  const { data } = await readImage(sample), forms = await onPage("pixels", "ring.png");
  assert.is(Object.keys(forms).length, 9);
  for (const [form, pixels] of Object.entries(forms)) assert.equal(pixels, [...data], form);

  const { bytes } = goldenFiles.get("rgba.png")!, flat = await readImage(bytes);
  const { VideoFrame: _frame, ...transparent } = await onPage("pixels", "rgba.png");
  for (const [form, pixels] of Object.entries(transparent)) {
    assert.ok(maxDifference(Uint8Array.from(pixels), flat.data) <= 1, form);
  }
});

each("the tokens are those of the file, also from a worker", async () => {
  await using tokenizer = await Tokenizer.load(model, { backend: "wasm" });
  const tokens = [...(await tokenizer.encode(await readImage(sample))).data];
  for (const [form, found] of Object.entries(await onPage("tokens", "ring.png"))) {
    assert.equal(found, tokens, form);
  }
  const sent = Object.entries(await onPage("fromWorker", "ring.png"));
  assert.is(sent.length, 5);
  for (const [form, answer] of sent) assert.equal(answer, { tokens, size: [64, 64, 64 * 64 * 3] }, form);
});

each("toImageData gives what a canvas shows", async () => {
  assert.equal(await onPage("drawn", "ring.png"), [...(await readImage(sample)).data]);
});

each("what has no pixels, or others than sRGB, is refused", async () => {
  const [bitmap = "", canvas = "", element = "", wide = ""] = await onPage("errors", "");
  assert.match(bitmap, /^ImageError: .*0×0 pixels/);
  assert.match(canvas, /^ImageError: .*0×3 pixels/);
  assert.match(element, /^ImageError: Cannot read the image: expected something with pixels/);
  assert.match(wide, /^ArgumentError: .*expected srgb, got "display-p3"; take the pixels by getImageData/);
});

/** Runs one of the page's tests on a file. */
async function onPage<Name extends keyof InputsPage>(
  name: Name,
  file: string,
): Promise<Awaited<ReturnType<InputsPage[Name]>>> {
  const run = ([name, file]: [string, string]): Promise<unknown> =>
    (globalThis as unknown as { page: Record<string, (file: string) => Promise<unknown>> }).page[name]!(file);
  return await opened.page.evaluate(run, [name, file] as [string, string]) as never;
}

test.run();
