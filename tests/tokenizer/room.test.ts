import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createBackend } from "../../src/backend/select.ts";
import { createImage } from "../../src/image/image.ts";
import { BackendError, ImageError } from "../../src/tensor/errors.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { buildPng } from "../image/support.ts";
import { thrown } from "../support/thrown.ts";
import { shippedModel } from "../support/models.ts";

const test = suite("room for images");

let tokenizer: Tokenizer;

test.before(async () => {
  tokenizer = await Tokenizer.load(shippedModel, { threads: 1 });
});

test.after(async () => {
  await tokenizer[Symbol.asyncDispose]();
});

test("an image whose arena would not fit is refused before it is computed, with what would fit", async () => {
  const message =
    /need at most \d+ MiB of memory, got \d+×16777216 after padding, which need \d+ MiB; about \d+ pixels fit/;
  const size = { width: 1, height: 2 ** 24 };
  for (
    const call of [
      () => tokenizer.encode(createImage(size)),
      () => tokenizer.reconstruct([createImage({ width: 32, height: 32 }), createImage(size)]),
      () => tokenizer.checkSize(size),
    ]
  ) assert.match((await thrown(ImageError, call)).message, message);
  const { codebookSize } = tokenizer, data = new Uint32Array(2 ** 20);
  const error = await thrown(
    BackendError,
    () => tokenizer.decode({ grid: [2 ** 10, 2 ** 10], codebookSize, data }),
  );
  assert.match(error.message, /decode the tokens: .* pixels fit, .* decode a smaller grid/);
  await tokenizer.encode(createImage({ width: 32, height: 32 }));
});

test("a file whose arena would not fit is refused from its header: its pixels are not looked at", async () => {
  // A header, and no pixels, which would be damage.
  const file = (width: number, height: number) =>
    new Blob([buildPng(new Uint8Array(), { width, height }) as Uint8Array<ArrayBuffer>]);
  const before = Deno.memoryUsage().rss;
  for (const [width, height] of [[1, 2 ** 20], [2 ** 20, 1], [5000, 4000]] as const) {
    for (const call of ["encode", "reconstruct"] as const) {
      const { message } = await thrown(ImageError, () => tokenizer[call](file(width, height)));
      assert.match(message, /at most 2048 MiB of memory, got .* which need \d+ MiB; about \d+ pixels fit/);
    }
  }
  assert.ok(Deno.memoryUsage().rss - before < 100e6);
  const { message } = await thrown(ImageError, () => tokenizer.encode(file(300, 300)));
  assert.match(message, /[Dd]amaged|truncated|decode/);
});

test("what an error says that fits does fit, and a little more does not", async () => {
  await using backend = await createBackend("wasm", { threads: 1, maxArenaBytes: 400 * 2 ** 20 });
  await using small = await Tokenizer.load(shippedModel, { backend });
  for (const decode of [false, true]) {
    const size = { width: 3000, height: 1000 };
    const { message } = await thrown(ImageError, () => small.checkSize(size, { decode }));
    const side = Number(/--size (\d+)/.exec(message)![1]);
    assert.ok(side > 2 * small.factor);
    await small.checkSize({ width: side, height: side }, { decode });
    const more = Math.ceil(side * 1.1);
    await thrown(ImageError, () => small.checkSize({ width: more, height: more }, { decode }));
  }
});

test.run();
