/** In a browser files give the pixels that they give elsewhere, to the bit. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { profiledJpeg, profiledPng } from "../image/profiled.ts";
import { goldenFiles } from "../image/support.ts";
import { skipIf } from "../support/skip.ts";
import { missingChromium, openPage } from "./chromium.ts";
import type { CodecsPage } from "./codecs_page.ts";

const test = suite("codecs of Chromium");
const each = skipIf(missingChromium, test);

let opened: Awaited<ReturnType<typeof openPage>>;

test.before(async () => {
  if (!missingChromium) opened = await openPage(new URL("codecs_page.ts", import.meta.url));
});
test.after(() => opened?.browser.close());

each("files have the pixels that they have elsewhere, whatever profiles say", async () => {
  const golden = [...goldenFiles].map(([name, { bytes }]) => [name, bytes] as const);
  const files = new Map([
    ...golden,
    ["profiled.jpg", profiledJpeg(goldenFiles.get("rgb.jpg")!.bytes, 8)],
    ["profiled.png", profiledPng(goldenFiles.get("rgb.png")!.bytes)],
  ]);
  for (const [name, bytes] of files) {
    const decoded = await decode(bytes), { width, height, data } = await decodeImage(bytes);
    assert.equal(decoded, { width, height, data: [...data] }, name);
  }
});

each("a truncated file is refused", async () => {
  for (const name of ["rgb.png", "rgb.jpg", "lossless.webp"]) {
    const { bytes } = goldenFiles.get(name)!;
    assert.match(await decode(bytes.subarray(0, bytes.length - 30)) as string, /truncated|damaged/, name);
  }
});

each("formats are encoded with their quality", async () => {
  const psnrs = await opened.page.evaluate(async () => {
    const { roundTrip } = (globalThis as unknown as { page: CodecsPage }).page;
    return [
      await roundTrip("png", 1),
      await roundTrip("webp", 100),
      await roundTrip("jpeg", 90),
      await roundTrip("jpeg", 5),
    ];
  });
  const [png, webp, fine, coarse] = psnrs as [number, number, number, number];
  assert.is(png, Infinity);
  assert.is(webp, Infinity);
  assert.ok(fine > 35 && coarse < fine - 5, `${psnrs}`);
});

function decode(file: Uint8Array): ReturnType<CodecsPage["decode"]> {
  return opened.page.evaluate(
    (file) => (globalThis as unknown as { page: CodecsPage }).page.decode(file),
    [...file],
  );
}

test.run();
