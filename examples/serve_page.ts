/** Bundles a page of these examples and serves it at http://localhost:8000: `deno run -A examples/serve_page.ts page`. */
import { Hono } from "hono";
import { serveStatic } from "hono/deno";
import { secureHeaders } from "hono/secure-headers";

const folder = new URL(`${Deno.args[0] ?? "page"}/`, import.meta.url).pathname;
const bundle = await Deno.makeTempDir();
const scripts = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /\.tsx?$/.test(name));
const { success } = await new Deno.Command(Deno.execPath(), {
  args: ["bundle", "--quiet", "--platform=browser", "--code-splitting", `--outdir=${bundle}`, ...scripts],
  cwd: folder,
}).output();
if (!success) throw new Error(`Cannot bundle ${folder}`);

const app = new Hono();
// Pages that are isolated from others can compute in several threads.
app.use(secureHeaders({ crossOriginOpenerPolicy: "same-origin", crossOriginEmbedderPolicy: "require-corp" }));
app.use("/models/*", serveStatic({ root: new URL("..", import.meta.url).pathname }));
app.use(serveStatic({ root: bundle }));
app.use(serveStatic({ root: folder }));
Deno.serve({ port: Number(Deno.args[1] ?? 8000), hostname: "localhost" }, app.fetch);
