/** The tools of the playground: strokes, marks, files, links, and what is kept. */
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeImage } from "../../src/image/encode.ts";
import { filledImage } from "../../src/image/image.ts";
import { readTokens } from "../../src/tokenizer/read_tokens.ts";
import { missingChromium } from "../browser/chromium.ts";
import { scratch } from "../cli/support.ts";
import { shippedSample } from "../support/models.ts";
import { skipIf } from "../support/skip.ts";
import { openPage, startBrowser } from "./browser.ts";
import { edited, pageHost, pixelsOf, ready } from "./playground.ts";

const test = suite("tools of the playground");

if (missingChromium !== undefined) {
  skipIf(missingChromium, test)("in a browser", () => {});
  test.run();
} else {
  const host = await pageHost(), { tokenizer, generator } = host;
  let browser: Browser;
  test.before(async () => {
    browser = await startBrowser();
  });
  test.after(async () => {
    await browser.close();
    await host[Symbol.asyncDispose]();
  });

  const opened = async (look = {}) => {
    const server = await host.serve();
    const { page, problems } = await openPage(browser, server.url, look);
    await ready(page);
    return {
      server,
      page,
      problems,
      async [Symbol.asyncDispose]() {
        await page.context().close();
        await server[Symbol.asyncDispose]();
      },
    };
  };
  /** Draws a stroke along a row of tokens. */
  const stroke = async (page: Page, { row, from, to }: { row: number; from: number; to: number }) => {
    const grid = page.locator("#tokens");
    await grid.scrollIntoViewIfNeeded();
    const { x, y, width } = (await grid.boundingBox())!, cell = width / 16;
    await page.mouse.move(x + (from + 0.5) * cell, y + (row + 0.5) * cell);
    await page.mouse.down();
    await page.mouse.move(x + (to + 0.5) * cell, y + (row + 0.5) * cell, { steps: 4 * (to - from) });
    await page.mouse.up();
  };
  const generate = async (page: Page, fields: Record<string, string>) => {
    for (const [id, value] of Object.entries(fields)) await page.locator(`#${id}`).fill(value);
    await page.getByRole("button", { name: "Generate", exact: true }).click();
    await page.getByText(/^Generated/).waitFor();
  };

  test("a stroke is one step, which Ctrl+Z undoes and Ctrl+Shift+Z does again, but not in fields of text", async () => {
    await using opening = await opened();
    const { page, problems } = opening;
    await page.locator("#brush").fill("777");
    await stroke(page, { row: 3, from: 2, to: 7 });
    await edited(page, 6);
    await page.locator("#tokens").focus();
    await page.keyboard.press("Control+z");
    await edited(page, 0);
    assert.ok(await page.locator("#undo").isDisabled());
    await page.keyboard.press("Control+Shift+z");
    await edited(page, 6);
    await page.locator("#brush").fill("1");
    await page.keyboard.press("Control+z");
    await edited(page, 6);
    await page.locator("#undo").click();
    await edited(page, 0);
    await page.locator("#redo").click();
    await edited(page, 6);
    assert.equal(problems, []);
  });

  test("marked tokens are drawn anew, on the server and in the page, which uses threads", async () => {
    await using opening = await opened();
    const { page, problems } = opening;
    assert.ok(await page.evaluate(() => crossOriginIsolated));
    await page.locator("#file").setInputFiles(shippedSample("ring"));
    await ready(page);
    const tokens = await tokenizer.encode(await readRing());
    await page.locator("input[value=mask]").check();
    await stroke(page, { row: 9, from: 4, to: 11 });
    const mask = Array.from({ length: 256 }, (_, i) => i >= 9 * 16 + 4 && i <= 9 * 16 + 11);
    const options = { classIds: 4, seed: 3, n: 1, candidates: 1, temperature: 3 };
    const [expected] = await generator.generate({ ...options, given: { tokens, mask } });
    await page.locator("#class").selectOption("4");
    for (const [id, value] of Object.entries({ count: 1, seed: 3, candidates: 1, temperature: 3 })) {
      await page.locator(`#${id}`).fill(`${value}`);
    }
    for (const where of ["on the server", "in the page"]) {
      if (where === "in the page") {
        await page.locator("#local").check();
        await page.waitForFunction(() =>
          /playground\/local/.test(performance.getEntries().map((e) => e.name).join())
        );
        await ready(page);
        // Another engine shows the same image, without its marks.
        await stroke(page, { row: 9, from: 4, to: 11 });
      }
      await page.locator("#redraw").click();
      await page.getByText(/^Generating/).waitFor({ state: "hidden" });
      await page.getByText(/^Generated an image/).waitFor();
      assert.equal(await pixelsOf(page, "#generated canvas"), [...expected!.image.data], where);
    }
    await page.locator("#generated button").click();
    await ready(page);
    // Its tokens are the drawn ones, not those of the picture encoded again.
    await page.locator("#facts", { hasText: "lossless" }).waitFor();
    assert.equal(problems, []);
  });

  test("Stop keeps whole pictures, and moves nothing", async () => {
    await using opening = await opened();
    const { page } = opening;
    await generate(page, { count: "1", seed: "1", candidates: "1" });
    const whole = await pixelsOf(page, "#generated canvas"),
      place = () => page.locator("#copy-tokenize").boundingBox();
    const before = await place();
    await page.locator("#count").fill("8");
    await page.locator("#candidates").fill("8");
    // Twice: the second run interrupts the first, none of whose images is whole.
    for (let i = 0; i < 2; i++) {
      await page.getByRole("button", { name: "Generate", exact: true }).click();
      await page.waitForTimeout(300);
    }
    await page.locator("#stop").click();
    await page.getByText("Stopped").waitFor();
    assert.equal(await pixelsOf(page, "#generated canvas"), whole);
    assert.is(await page.locator("#generated button").count(), 1);
    assert.equal(await place(), before);
  });

  test("tokens are saved, opened, shared by a link, and kept over a reload", async () => {
    await using opening = await opened();
    const { page, problems, server } = opening;
    using folder = scratch();
    await page.locator("#file").setInputFiles(shippedSample("ring"));
    await ready(page);
    const again = await pixelsOf(page, "#reconstruction");
    const saved = async (id: string, name: string) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator(id).click()]);
      await download.saveAs(folder.at(name));
      return folder.at(name);
    };
    const tokens = await tokenizer.encode(await readRing());
    const file = await saved("#save-tokens", "ring.json");
    assert.equal((await readTokens(file))[0]!.data, tokens.data);
    await saved("#save-image", "ring.png");
    // What was chosen last is shown.
    await page.locator("#sample").click();
    await page.locator("#open-tokens").setInputFiles(file);
    await page.locator("#made button").waitFor();
    assert.equal(await pixelsOf(page, "#reconstruction"), again);
    await page.reload();
    await ready(page);
    assert.equal(await pixelsOf(page, "#made canvas"), again);

    await page.locator("#open-tokens").setInputFiles(file);
    await ready(page);
    await page.locator("#guidance").fill("2.75");
    await page.locator("#share").click();
    const link = page.url();
    assert.match(link, new RegExp(`^${server.url}#.*guidance=2.75.*tokens=`));
    const other = await openPage(browser, link);
    await ready(other.page);
    assert.equal(await pixelsOf(other.page, "#reconstruction"), again);
    assert.is(await other.page.locator("#guidance").inputValue(), "2.75");
    await other.page.context().close();
    assert.equal(problems, []);
  });

  test("a picture is cropped or fitted, and compared with its reconstruction", async () => {
    await using opening = await opened();
    const { page } = opening;
    using folder = scratch();
    const wide = filledImage({ width: 120, height: 40 }, [200, 30, 30]);
    await Deno.writeFile(folder.at("wide.png"), await encodeImage(wide));
    await page.locator("#file").setInputFiles(folder.at("wide.png"));
    await ready(page);
    const at = async (x: number, y: number) =>
      (await pixelsOf(page, "#original")).slice(3 * (y * 64 + x), 3 * (y * 64 + x) + 3);
    assert.equal(await at(32, 2), [200, 30, 30]);
    await page.locator("#shape").selectOption("fit");
    await page.waitForTimeout(100);
    await ready(page);
    assert.equal([await at(32, 2), await at(32, 32)], [[255, 255, 255], [200, 30, 30]]);
    await page.locator("#compare").fill("60");
    assert.match(await page.locator("#overlay").getAttribute("style") ?? "", /inset\(0px? 40% 0px? 0px?\)/);
  });

  test("phones are offered the camera; empty fields mean the default", async () => {
    await using opening = await opened({ phone: true });
    const { page } = opening;
    await page.getByText("Choose or take a photo").waitFor();
    await page.locator("#copy-generate summary").click();
    const code = await page.locator("#copy-generate pre").first().innerText();
    assert.match(code, /"n":4,"seed":1\}'/);
    assert.is(
      await page.locator("#guidance").getAttribute("placeholder"),
      `${generator.sampling.guidance[0]}`,
    );
  });

  test.run();
}

async function readRing() {
  const { decodeImage } = await import("../../src/image/decode.ts");
  return await decodeImage(await Deno.readFile(shippedSample("ring")));
}
