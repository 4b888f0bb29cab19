import { Buffer } from "node:buffer";
import { build, type Plugin } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";

const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The path of Chromium, if it is installed. */
export const chromiumPath: string | undefined = candidates.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Why nothing can be tested in a browser on this machine, if so. */
export const missingChromium: string | undefined = chromiumPath
  ? undefined
  : "no Chromium (on Debian: apt-get install chromium)";

/** WebGPU by Chromium's own software adapter, without a GPU and without a display. */
export const chromiumOptions: readonly string[] = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--disable-vulkan-surface",
];

/** Finds the packages of codecs where Deno has them. */
const codecs: Plugin = {
  name: "codecs",
  setup({ onResolve }) {
    onResolve(
      { filter: /^@jsquash\// },
      ({ path }) => ({ path: new URL(import.meta.resolve(path)).pathname }),
    );
  },
};

/** A script and all that it imports, as one module for a browser. */
export async function bundle(script: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [script.pathname],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    supported: { using: false },
    write: false,
    logLevel: "silent",
    plugins: [codecs],
  });
  return outputFiles[0]!.text;
}

/**
 * A page that ran `script`: at `address` if there is a server, else at one of its own, that gives `files` at their paths.
 * Close the browser in the end.
 */
export async function openPage(
  script: URL,
  { files = {}, address = "http://localhost/" }: {
    files?: Readonly<Record<string, Uint8Array>>;
    address?: string;
  } = {},
): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumOptions] });
  const page = await browser.newPage();
  // WebGPU is for secure contexts alone: localhost is one. No server is asked.
  await page.route("http://localhost/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    const file = files[pathname];
    if (file) await route.fulfill({ contentType: "application/octet-stream", body: Buffer.from(file) });
    else await route.fulfill({ contentType: "text/html", body: "<!doctype html><title>WebGPU</title>" });
  });
  await page.goto(address);
  await page.addScriptTag({ type: "module", content: await bundle(script) });
  await page.waitForFunction(() => "page" in globalThis);
  return { browser, page };
}
