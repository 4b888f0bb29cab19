import { suite } from "uvu";
import { missingChromium, openPage } from "./chromium.ts";
import { checkOps } from "./ops.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("WebGPU in Chromium, all cases");
const each = skipIf(missingChromium, test);

each("every kernel is right", async () => {
  const { browser, page } = await openPage(new URL("page.ts", import.meta.url));
  try {
    await checkOps(page, { count: Infinity });
  } finally {
    await browser.close();
  }
});

test.run();
