/** Writes images of the playground into a folder, to be looked at: `deno run -A tests/service/screenshots.ts FOLDER`. */
import { serve } from "../../src/service/serve.ts";
import { createService } from "../../src/service/service.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { openPage, startBrowser } from "./browser.ts";

const folder = Deno.args[0] ?? "out/screenshots";
await Deno.mkdir(folder, { recursive: true });
await using tokenizer = await Tokenizer.load("emoji-64");
await using generator = await Generator.load("emoji-64");
await using service = createService({ models: [{ name: "emoji-64", tokenizer, generator }] });
await using server = await serve(service, { port: 0 });
const browser = await startBrowser();
for (const width of [1440, 768, 390]) {
  for (const dark of [false, true]) {
    const { page, problems } = await openPage(browser, `http://127.0.0.1:${server.port}/`, { width, dark });
    await page.getByText("dB").waitFor();
    await page.getByRole("button", { name: "Generate", exact: true }).click();
    await page.getByText(/^Generated/).waitFor();
    await page.screenshot({
      path: `${folder}/${width}-${dark ? "dark" : "light"}.png`,
      fullPage: true,
    });
    await page.goto(`http://127.0.0.1:${server.port}/docs`);
    await page.locator("section").last().waitFor();
    await page.screenshot({
      path: `${folder}/docs-${width}-${dark ? "dark" : "light"}.png`,
    });
    console.log(problems);
    await page.context().close();
  }
}
await browser.close();
