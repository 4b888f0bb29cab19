import type { Context } from "hono";
import { isCurrent } from "../http/caching.ts";
import type { App, Env } from "../parts.ts";
import {
  codec_jpeg,
  codec_webp,
  contentHash,
  css,
  docs,
  docsHtml,
  html,
  icon,
  local,
  main,
} from "../playground/_generated.ts";

const scripts = { main, local, docs, codec_jpeg, codec_webp };

/** Shaders, kernels, decoders and names, by the names of the modules that the page imports. They export texts and lists of them. */
const shared: Readonly<Record<string, () => Promise<object>>> = {
  _generated: () => import("../../backend/webgpu/_generated.ts"),
  _generated_threads: () => import("../../backend/wasm/_generated_threads.ts"),
  _generated_relaxed: () => import("../../backend/wasm/_generated_relaxed.ts"),
  _generated_simd: () => import("../../backend/wasm/_generated_simd.ts"),
  _generated_jpeg: () => import("../../image/_generated_jpeg.ts"),
  _generated_webp: () => import("../../image/_generated_webp.ts"),
  imagenet_classes: () => import("../../transformer/imagenet_classes.json", { with: { type: "json" } }),
};

const javascript = "text/javascript; charset=utf-8";

/** The pages may run their own scripts and WASM, and send requests to their own server. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  // Kernels run in workers whose code is in the page's scripts.
  "worker-src 'self' blob:",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Serves the playground at `/` and the documentation at `/docs`. */
export function playgroundRoutes(app: App): void {
  for (const [path, page] of [["/", html], ["/docs", docsHtml]] as const) {
    app.get(path, (c) => {
      c.header("content-security-policy", policy);
      // A page that is isolated may share memory with workers: its kernels then run on several threads.
      c.header("cross-origin-opener-policy", "same-origin");
      c.header("cross-origin-embedder-policy", "require-corp");
      return asset(c, page, "text/html; charset=utf-8");
    });
  }
  for (const [name, script] of Object.entries(scripts)) {
    app.get(`/playground/${name}.js`, (c) => asset(c, script, javascript));
  }
  for (const [name, load] of Object.entries(shared)) {
    app.get(`/playground/${name}.js`, async (c) => asset(c, sourceOf(await load()), javascript));
  }
  app.get("/playground/style.css", (c) => asset(c, css, "text/css; charset=utf-8"));
  app.get("/playground/icon.svg", (c) => asset(c, icon, "image/svg+xml"));
}

/** The source of a module that exports texts and lists of them. */
function sourceOf(module: object): string {
  return Object.entries(module).map(([name, value]) =>
    `export ${name === "default" ? "default" : `const ${name} =`} ${JSON.stringify(value)};`
  ).join("\n");
}

/** Responds with a file that browsers revalidate at each use. */
function asset(c: Context<Env>, content: string, type: string): Response {
  const tag = `"${contentHash.slice(0, 16)}"`;
  c.header("etag", tag);
  c.header("cache-control", "no-cache");
  if (isCurrent(c, tag)) return c.body(null, 304);
  return c.body(content, 200, { "content-type": type });
}
