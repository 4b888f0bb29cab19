import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { psnr } from "../../src/image/metrics.ts";
import { resize } from "../../src/image/resize.ts";
import { scratch, voken } from "../cli/support.ts";
import { profiledJpeg, profiledPng } from "../image/profiled.ts";
import { goldenFiles, maxDifference } from "../image/support.ts";
import { shippedSample } from "../support/models.ts";
import { missingChromium } from "../browser/chromium.ts";
import { openPage, startBrowser } from "./browser.ts";
import { edited, fact, pageHost, pixelsOf, ready } from "./playground.ts";
import { doubled } from "./support.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("the playground");

test("pages have a content security policy and are revalidated", async () => {
  const { service } = doubled();
  await using _end = service;
  for (const address of ["/", "/docs"]) {
    const page = await service.request(address);
    assert.match(
      page.headers.get("content-security-policy")!,
      /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/,
    );
    const html = await page.text();
    assert.not.match(
      html,
      /<script(?![^>]*src=)|\son\w+=|style=|https?:/,
      "nothing inline or from elsewhere",
    );
    for (const [, path] of html.matchAll(/(?:src|href)="(playground\/[^"]+)"/g)) {
      const response = await service.request(`/${path}`);
      assert.is(response.status, 200, path);
      await response.body?.cancel();
      const again = await service.request(`/${path}`, {
        headers: { "if-none-match": response.headers.get("etag")! },
      });
      assert.is(again.status, 304, path);
    }
  }
  const { service: plain } = doubled({ pages: false });
  await using _end2 = plain;
  assert.equal([(await plain.request("/")).status, (await plain.request("/docs")).status], [404, 404]);
});

if (missingChromium !== undefined) {
  skipIf(missingChromium, test)("in a browser", () => {});
  test.run();
} else {
  const host = await pageHost(), { tokenizer, generator } = host;
  const ring = await decodeImage(await Deno.readFile(shippedSample("ring")));
  const ringAgain = await tokenizer.reconstruct(ring);
  const ringDecibels = `${psnr(ring, ringAgain).toFixed(2)} dB`;
  let browser: Browser;
  test.before(async () => {
    browser = await startBrowser();
  });
  test.after(async () => {
    await browser.close();
    await host[Symbol.asyncDispose]();
  });

  /** What the page shows of a sample image is what the library makes of it. */
  const checkRing = async (page: Page): Promise<void> => {
    await page.locator("#file").setInputFiles(shippedSample("ring"));
    await page.locator("#facts", { hasText: ringDecibels }).waitFor();
    assert.equal(await pixelsOf(page, "#reconstruction"), [...ringAgain.data]);
  };

  const checkGenerated = async (page: Page): Promise<void> => {
    await page.locator("#class").selectOption({ label: "Flags" });
    await page.locator("#count").fill("2");
    await page.locator("#seed").fill("5");
    await page.getByRole("button", { name: "Generate", exact: true }).click();
    await page.getByText("Generated 2 images in").waitFor();
    // The form begins with the model's own settings.
    const request = { classIds: 2, n: 2, seed: 5 };
    const [first] = await generator.generate(request);
    assert.equal(await pixelsOf(page, "#generated canvas"), [...first!.image.data]);
  };

  test("an image is encoded and decoded, and its tokens are edited by keyboard", async () => {
    await using server = await host.serve();
    const { page, problems } = await openPage(browser, server.url);
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    await checkRing(page);
    assert.is(await fact(page, "Bits per pixel"), "1.125");
    const whole = await pixelsOf(page, "#reconstruction");

    await page.locator("input[value=zero]").check();
    await page.locator("#tokens").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.locator("#cell", { hasText: "row 2, column 2: 0" }).waitFor();
    await edited(page, 1);
    assert.not.equal(await pixelsOf(page, "#reconstruction"), whole);
    const tokens = await tokenizer.encode(ring);
    tokens.data[tokens.grid[1] + 1] = 0;
    assert.equal(await pixelsOf(page, "#reconstruction"), [...(await tokenizer.decode(tokens)).data]);

    await page.locator("#undo").click();
    await edited(page, 0);
    await page.locator("input[value=swap]").check();
    await page.locator("#tokens").focus();
    await page.keyboard.press("Enter");
    await page.getByText("Now choose the second token").waitFor();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await edited(page, 2);
    await page.locator("#reset").click();
    await edited(page, 0);
    assert.equal(await pixelsOf(page, "#reconstruction"), whole);

    await page.locator("input[value=paint]").check();
    await page.locator("#brush").fill("777");
    const box = (await page.locator("#tokens").boundingBox())!;
    const cell = box.width / tokens.grid[1];
    await page.mouse.move(box.x + cell / 2, box.y + cell / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 3 * cell / 2, box.y + cell / 2);
    await page.mouse.up();
    await page.locator("#cell", { hasText: "row 1, column 2: 777" }).waitFor();
    await edited(page, 2);
    assert.equal(problems, []);
    await page.context().close();
  });

  test("generated images match the library; code is shown", async () => {
    await using server = await host.serve();
    const { page, problems } = await openPage(browser, server.url);
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    await checkGenerated(page);
    await page.locator("#copy-generate summary").click();
    const [curl, typescript, python] = await page.locator("#copy-generate pre").allInnerTexts();
    assert.match(curl!, /'http:.*v1\/images\/generations'.*"class_id":2,"n":2,"seed":5\}'/s);
    assert.match(typescript!, /classIds: 2,\n {2}n: 2,\n {2}seed: 5,\n\}/);
    assert.match(python!, /prompt="Flags", n=2,[^]*extra_body=\{"seed": 5\}/);
    await page.locator("#generated button").first().click();
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    await ready(page);
    assert.equal(await pixelsOf(page, "#original"), await pixelsOf(page, "#generated canvas"));
    assert.equal(problems, []);
    await page.context().close();
  });

  test("the same model runs in the browser, with the server gone", async () => {
    await using server = await host.serve();
    const { page, problems } = await openPage(browser, server.url);
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    await page.locator("#local").check();
    await ready(page);
    await page.waitForFunction(() =>
      performance.getEntriesByName(new URL("playground/local.js", document.baseURI).href).length > 0
    );
    await page.waitForFunction(() => document.getElementById("status")!.textContent === "");
    await server.stop();
    await checkRing(page);
    await checkGenerated(page);
    assert.equal(problems, []);
    await page.context().close();
  });

  test("a picture gives the tokens of the command line, whatever browsers make of its profile", async () => {
    const tall = resize(ring, { width: 90, height: 70 }), clear = goldenFiles.get("rgba.png")!.bytes;
    const jpeg = profiledJpeg(await encodeImage(tall, { format: "jpeg", quality: 80 }), 6);
    const pictures = {
      "a.jpg": jpeg,
      "b.png": profiledPng(await encodeImage(tall)),
      "c.webp": await encodeImage(tall, { format: "webp", quality: 60 }),
      "d.png": clear,
    };
    using folder = scratch();
    await using server = await host.serve();
    const { page, problems } = await openPage(browser, server.url);
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    const converted = await page.evaluate(async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      return [...context.getImageData(0, 0, bitmap.width, bitmap.height).data].filter((_, i) => i % 4 < 3);
    }, [...jpeg]);
    const own = await decodeImage(jpeg);
    assert.ok(maxDifference(Uint8Array.from(converted), own.data) > 50, "the browser applies the profile");

    for (const where of ["on the server", "in the page"]) {
      if (where === "in the page") {
        await page.locator("#local").check();
        await ready(page);
      }
      for (const [name, bytes] of Object.entries(pictures)) {
        const path = folder.at(name);
        await Deno.writeFile(path, bytes);
        const { out, notes } = await voken(["encode", path, "--size", "64", "--json", "--quiet"]);
        assert.is(notes, "");
        const { grid, codebookSize, tokens } = JSON.parse(out);
        const image = await tokenizer.decode({ grid, codebookSize, data: Uint32Array.from(tokens[0]) });
        await page.locator("#file").setInputFiles(path);
        const shown = [...image.data];
        for (let tries = 0; tries < 50; tries++) {
          await ready(page);
          if (`${await pixelsOf(page, "#reconstruction")}` === `${shown}`) break;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        assert.equal(await pixelsOf(page, "#reconstruction"), shown, `${name} ${where}`);
      }
    }
    assert.equal(problems, []);
    await page.context().close();
  });

  test("errors are shown and the previous image stays", async () => {
    await using server = await host.serve();
    const { page } = await openPage(browser, server.url, { phone: true });
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    await checkRing(page);
    const said = async (text: string) => {
      await page.locator(".status.bad", { hasText: text }).waitFor();
    };
    using folder = scratch();
    await Deno.writeTextFile(folder.at("note.png"), "a text");
    await page.locator("#file").setInputFiles(folder.at("note.png"));
    await said("Cannot read the image");
    assert.match(await page.locator("#facts").innerText(), new RegExp(ringDecibels));
    await page.locator("#brush").fill("99999999");
    await page.locator("#tokens").focus();
    await page.keyboard.press("Enter");
    assert.is(await page.locator("#brush").inputValue(), "262143");
    await ready(page);
    await server.stop();
    await page.getByRole("button", { name: "Generate", exact: true }).click();
    await said("The server does not respond");
    assert.is(await page.locator("#generated button").count(), 0);
    await page.context().close();
  });

  test("a bearer token is requested if the service requires one", async () => {
    await using server = await host.serve({ tokens: ["a-token-of-a-test"] });
    const { page } = await openPage(browser, server.url);
    await page.getByLabel("This service requires a token").fill("a-token-of-a-test");
    await page.getByRole("button", { name: "Use it" }).click();
    await page.locator("#facts", { hasText: "dB" }).waitFor();
    await page.context().close();
  });

  test("the documentation shows every endpoint with working code", async () => {
    await using server = await host.serve();
    const { page, problems } = await openPage(browser, `${server.url}docs#post-v1-detokenize`);
    const { paths } = await (await fetch(`${server.url}openapi.json`)).json();
    await page.locator("section").last().waitFor();
    const titles = await page.locator("section h2").allInnerTexts();
    assert.equal(
      titles.map((title) => title.replace(/\s+/, " ")),
      Object.entries(paths as Record<string, object>).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`)
      ),
    );
    const section = page.locator("#post-v1-detokenize");
    assert.match(await section.innerText(), /Row by row from the top|application\/json/);
    await section.locator(".copy summary").click();
    const [, address, body] = /curl (\S+).* -d '(.*)'/s.exec(await section.locator("pre").innerText())!;
    const headers = { "content-type": "application/json" };
    const response = await fetch(address!, { method: "POST", headers, body: body! });
    assert.equal([response.status, (await decodeImage(await response.bytes())).width], [200, 32]);
    assert.equal(problems, []);
    await page.context().close();
  });

  /** Nothing is wider than the page, pale, or too small to be touched. */
  const checkReadable = async (page: Page): Promise<void> => {
    const { overflow, contrast, small } = await page.evaluate(() => {
      const luminance = (color: string) => {
        const [r, g, b] = color.match(/[\d.]+/g)!.map((value) => {
          const part = Number(value) / 255;
          return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const backOf = (element: Element): string => {
        const color = getComputedStyle(element).backgroundColor;
        return color !== "rgba(0, 0, 0, 0)" || !element.parentElement ? color : backOf(element.parentElement);
      };
      const ratios = [
        ...document.querySelectorAll(
          "h1,h2,h3,label,dt,dd,th,td,li,summary,a,button:not(:disabled),.lead,.hint",
        ),
      ]
        .filter((element) => (element as HTMLElement).offsetParent)
        .map((element) => {
          const [a, b] = [getComputedStyle(element).color, backOf(element)].map(luminance).sort((x, y) =>
            y - x
          );
          return (a! + 0.05) / (b! + 0.05);
        });
      const targets = [...document.querySelectorAll<HTMLElement>("button,.button,select")]
        .filter(({ offsetParent }) => offsetParent).map(({ offsetHeight }) => offsetHeight);
      return {
        overflow: document.documentElement.scrollWidth - innerWidth,
        contrast: Math.min(...ratios),
        small: Math.min(...targets),
      };
    });
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    assert.ok(contrast >= 4.5, `contrast ${contrast}`);
    assert.ok(small >= 38, `a target ${small} pixels high`);
  };

  for (const look of [{ phone: true }, { phone: true, dark: true }, {}, { dark: true }]) {
    test(`readable ${look.phone ? "on a phone" : "on a desk"}, ${look.dark ? "dark" : "light"}`, async () => {
      await using server = await host.serve();
      const { page, problems } = await openPage(browser, server.url, look);
      await page.locator("#facts", { hasText: "dB" }).waitFor();
      await checkReadable(page);
      await page.goto(`${server.url}docs`);
      await page.locator("section").last().waitFor();
      for (const details of await page.locator("details").all()) await details.locator("summary").click();
      await checkReadable(page);
      assert.equal(problems, []);
      await page.context().close();
    });
  }

  test.run();
}
