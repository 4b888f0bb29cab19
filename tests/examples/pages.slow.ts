import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Image, psnr, readImage, resize, Tokenizer } from "../../mod.ts";
import { missingChromium } from "../browser/chromium.ts";
import { openPage, startBrowser } from "../service/browser.ts";
import { shippedSample } from "../support/models.ts";
import { skipIf } from "../support/skip.ts";
import { serveExample } from "./support.ts";

const test = suite("the example pages");
const each = skipIf(missingChromium, test);

let browser: Browser;
/** What the library makes of the photo at the pages' size. Browsers enlarge it a little differently. */
let expected: Image;

test.before(async () => {
  if (missingChromium) return;
  browser = await startBrowser();
  await using tokenizer = await Tokenizer.load("emoji-64");
  expected = await tokenizer.reconstruct(
    resize(await readImage(shippedSample("ring")), { width: 256, height: 256 }),
  );
});
test.after(() => browser?.close());

/** Opens a page of the examples, gives it a photo, and waits until its text says what became of it. */
async function show(name: string, said: RegExp, check: (page: Page) => Promise<void>): Promise<void> {
  await serveExample("serve_page.ts", async (address) => {
    const { page, problems } = await openPage(browser, address);
    assert.ok(await page.evaluate("crossOriginIsolated"), "threads are possible");
    await page.setInputFiles("input:enabled", shippedSample("ring"));
    await page.waitForFunction((said) => RegExp(said).test(document.body.innerText), said.source);
    await check(page);
    assert.equal(problems, []);
    await page.context().close();
  }, { args: [name, "0"] });
}

/** What a canvas shows. */
async function imageOn(page: Page, canvas: string): Promise<Image> {
  const url = await page.evaluate(
    (canvas) => document.querySelector<HTMLCanvasElement>(canvas)!.toDataURL(),
    canvas,
  );
  return await readImage(await (await fetch(url)).blob());
}

each("page/ shows a photo, its tokens and what they keep of it", async () => {
  await show("page", /64×64 tokens, \d+ distinct, in \d+ ms/, async (page) => {
    assert.ok(psnr(await imageOn(page, "#decoded"), expected) > 25);
    const tokens = await imageOn(page, "#tokens");
    assert.is(tokens.width, 64);
    assert.ok(new Set(tokens.data).size > 20, "tokens differ in colour");
  });
});

each("web_worker/ computes beside the page", async () => {
  await show("web_worker", /64×64 tokens/, async (page) => {
    assert.ok(page.workers().length > 0);
    assert.ok(psnr(await imageOn(page, "canvas"), expected) > 25);
  });
});

each("react/ shows a component, and another photo in it", async () => {
  await show("react", /64×64 tokens/, async (page) => {
    const ring = await imageOn(page, "canvas");
    assert.ok(psnr(ring, expected) > 25);
    await page.setInputFiles("input", shippedSample("bicycle"));
    const before = await page.evaluate(() => document.querySelector("canvas")!.toDataURL());
    await page.waitForFunction(
      (before) => document.querySelector("canvas")!.toDataURL() !== before,
      before,
    );
    assert.ok(psnr(await imageOn(page, "canvas"), ring) < 20);
  });
});

test.run();
