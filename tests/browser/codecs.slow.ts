/** A browser's own codecs give what the packages' codecs give elsewhere. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { goldenFiles, maxDifference } from "../image/support.ts";
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

each("golden files have Pillow's pixels, upright", async () => {
  for (const [name, { bytes, image }] of goldenFiles) {
    const decoded = await decode(bytes);
    if (typeof decoded === "string") throw new Error(`${name}: ${decoded}`);
    assert.equal([decoded.width, decoded.height], [image.width, image.height], name);
    const difference = maxDifference(Uint8Array.from(decoded.data), image.data);
    // A canvas keeps colours multiplied by their opacity.
    const allowed = /jpg|lossy/.test(name) ? 4 : /alpha|rgba/.test(name) ? 1 : 0;
    assert.ok(difference <= allowed, `${name}: ${difference}`);
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
