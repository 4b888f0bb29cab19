import type { Page } from "playwright-core";
import { createService } from "../../src/service/service.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { shippedModel } from "../support/models.ts";
import { listening } from "./support.ts";

/** The shipped model, and a service of it for pages. */
export interface PageHost extends AsyncDisposable {
  readonly tokenizer: Tokenizer;
  readonly generator: Generator;
  /** Serves the model, also its files; `url` ends with a slash. */
  serve(auth?: { tokens: string[] }): Promise<Awaited<ReturnType<typeof listening>>>;
}

/** Loads the shipped model. */
export async function pageHost(): Promise<PageHost> {
  const tokenizer = await Tokenizer.load("emoji-64", { threads: 2 });
  const generator = await Generator.load("emoji-64", { threads: 2 });
  const files = Object.fromEntries(
    ["model.safetensors", "transformer.safetensors"].map((name) =>
      [name, async () => new Blob([await Deno.readFile(`${shippedModel}/${name}`)])] as const
    ),
  );
  const model = { name: "emoji-64", tokenizer, generator, files };
  return {
    tokenizer,
    generator,
    async serve(auth) {
      const running = await listening(createService({ models: [model], ...(auth ? { auth } : {}) }));
      return { ...running, url: `${running.url}/` };
    },
    async [Symbol.asyncDispose]() {
      await generator[Symbol.asyncDispose]();
      await tokenizer[Symbol.asyncDispose]();
    },
  };
}

/** The text of a fact, by its name. */
export function fact(page: Page, name: string): Promise<string> {
  return page.locator("#facts div", { hasText: name }).locator("dd").innerText();
}

/** The colours of a canvas. */
export function pixelsOf(page: Page, selector: string): Promise<number[]> {
  return page.locator(selector).first().evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return [...data].filter((_, i) => i % 4 < 3);
  });
}

/** Waits until the image with this number of edited tokens is shown. Its PSNR may equal that of the image before. */
export function edited(page: Page, count: number): Promise<void> {
  return page.locator("#facts div", { hasText: "Edited" }).locator("dd", {
    hasText: new RegExp(`^${count}$`),
  })
    .waitFor();
}

/** Waits until an image is shown, and nothing else is under way. */
export async function ready(page: Page): Promise<void> {
  await page.locator("#facts", { hasText: "PSNR" }).waitFor();
  await page.waitForFunction(() => document.getElementById("status")!.textContent === "");
}
