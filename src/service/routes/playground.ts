import { Scalar } from "@scalar/hono-api-reference";
import type { Context, Hono } from "hono";
import type { Env } from "../parts.ts";
import { contentHash, css, html, icon, local, main } from "../playground/_generated.ts";

/** What the page may do: run its own scripts and WASM, and ask its own server. */
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

/** The script of the page of the documentation, which Scalar publishes for browsers. */
const scalarScript = "https://cdn.jsdelivr.net/npm/@scalar/api-reference@1";

/** What that page may do. Its styles and fonts come with the script. */
const docsPolicy = [
  "default-src 'none'",
  "script-src https://cdn.jsdelivr.net 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src https://fonts.scalar.com data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The playground at `/`, and the page of the documentation at `/docs`. */
export function playgroundRoutes(app: Hono<Env>): void {
  app.get("/", (c) => {
    c.header("content-security-policy", policy);
    return asset(c, html, "text/html; charset=utf-8");
  });
  const script = "text/javascript; charset=utf-8";
  app.get("/playground/main.js", (c) => asset(c, main, script));
  app.get("/playground/local.js", (c) => asset(c, local, script));
  app.get("/playground/style.css", (c) => asset(c, css, "text/css; charset=utf-8"));
  app.get("/playground/icon.svg", (c) => asset(c, icon, "image/svg+xml"));
  app.get(
    "/docs",
    async (c, next) => {
      c.header("content-security-policy", docsPolicy);
      await next();
    },
    Scalar({ url: "openapi.json", cdn: scalarScript, pageTitle: "Voken", withDefaultFonts: false }),
  );
}

/** Browsers ask again each time, and are told when nothing changed. */
function asset(c: Context<Env>, content: string, type: string): Response {
  const tag = `"${contentHash.slice(0, 16)}"`;
  c.header("etag", tag);
  c.header("cache-control", "no-cache");
  if (c.req.header("if-none-match") === tag) return c.body(null, 304);
  return c.body(content, 200, { "content-type": type });
}
