import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../browser/chromium.ts";

/** Starts the system's Chromium. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--headless", "--disable-background-networking"],
  });
}

/** How a page is shown. */
export interface Look {
  readonly phone?: boolean;
  /** Default 1280, or 390 on a phone. */
  readonly width?: number;
  readonly dark?: boolean;
}

/** A page of its own, and what went wrong in it. */
export async function openPage(
  browser: Browser,
  url: string,
  { width = 1280, phone = width < 480, dark = false }: Look = {},
): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({
    viewport: phone ? { width: 390, height: 844 } : { width, height: 900 },
    deviceScaleFactor: phone ? 2 : 1,
    hasTouch: phone,
    isMobile: phone,
    colorScheme: dark ? "dark" : "light",
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // Tests read canvases, which the page itself only writes.
    if (message.text().includes("willReadFrequently")) return;
    // Chromium's remark when models look for a GPU where there is none.
    if (message.text() === "No available adapters.") return;
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  await page.goto(url);
  return { page, problems };
}
