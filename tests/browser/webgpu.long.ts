import { suite } from "uvu";
import { chromiumPath, openPage } from "./chromium.ts";
import { checkOps } from "./ops.ts";

const test = suite("WebGPU in Chromium, all cases");
const each = chromiumPath ? test : test.skip;

each("every kernel is right", async () => {
  const { browser, page } = await openPage(new URL("page.ts", import.meta.url));
  try {
    await checkOps(page, { count: Infinity });
  } finally {
    await browser.close();
  }
});

test.run();
