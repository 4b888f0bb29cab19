import type { Context } from "hono";
import type { App, Env } from "../parts.ts";
import { contentHash, css, docs, docsHtml, html, icon, local, main } from "../playground/_generated.ts";

/** The pages may run their own scripts and WASM, and send requests to their own server. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
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
      return asset(c, page, "text/html; charset=utf-8");
    });
  }
  for (const [name, script] of Object.entries({ main, local, docs })) {
    app.get(`/playground/${name}.js`, (c) => asset(c, script, "text/javascript; charset=utf-8"));
  }
  app.get("/playground/style.css", (c) => asset(c, css, "text/css; charset=utf-8"));
  app.get("/playground/icon.svg", (c) => asset(c, icon, "image/svg+xml"));
}

/** Responds with a file that browsers revalidate at each use. */
function asset(c: Context<Env>, content: string, type: string): Response {
  const tag = `"${contentHash.slice(0, 16)}"`;
  c.header("etag", tag);
  c.header("cache-control", "no-cache");
  if (c.req.header("if-none-match") === tag) return c.body(null, 304);
  return c.body(content, 200, { "content-type": type });
}
