/**
 * `deno task bench webgpu_chromium [SIDE] [RUNS]`: compares the encoder of imagenet_256_L with the WebGPU provider of
 * onnxruntime-web, which does not run in Deno, in headless Chromium. The default size of the images is 128×128.
 */
import { openPage } from "../tests/browser/chromium.ts";
import { table } from "./report.ts";
import type { Page, Timing } from "./webgpu_page.ts";

const side = Number(Deno.args[0] ?? 128), runs = Number(Deno.args[1] ?? 2);
const runtime = new URL("./", import.meta.resolve("onnxruntime-web"));
const types: Readonly<Record<string, string>> = { mjs: "text/javascript", wasm: "application/wasm" };

/** The graph of the encoder, changed from 256×256 to images of any size. */
async function graphOfAnySize(): Promise<Uint8Array<ArrayBuffer>> {
  const file = await Deno.open(new URL("peers/encoder256.onnx.gz", import.meta.url));
  const bytes = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).bytes();
  // Inputs and outputs are at the end of the file. Their dimensions 256 and 16 are replaced by symbolic ones, with names
  // of one and zero letters, whose encoding in protobuf has the same number of bytes.
  const end = bytes.subarray(-68);
  replaceAll(end, [0x0a, 0x03, 0x08, 0x80, 0x02], [0x0a, 0x03, 0x12, 0x01, 0x73]);
  replaceAll(end, [0x0a, 0x02, 0x08, 0x10], [0x0a, 0x02, 0x12, 0x00]);
  return bytes;
}

function replaceAll(bytes: Uint8Array, from: readonly number[], to: readonly number[]): void {
  let found = 0;
  for (let i = 0; i + from.length <= bytes.length; i++) {
    if (!from.every((byte, j) => bytes[i + j] === byte)) continue;
    bytes.set(to, i);
    found++;
  }
  if (found !== 2) throw new Error(`Cannot change the graph: expected height and width, got ${found} places`);
}

const model = await graphOfAnySize();
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ url }) => {
  const name = new URL(url).pathname.slice(1);
  if (name === "") return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
  if (name === "encoder.onnx") return new Response(model);
  const body = await Deno.readFile(new URL(name, runtime)).catch(() => undefined);
  if (!body) return new Response("not found", { status: 404 });
  const type = types[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain";
  return new Response(body, { headers: { "content-type": type } });
});
const base = `http://127.0.0.1:${server.addr.port}/`;
const { browser, page } = await openPage(new URL("webgpu_page.ts", import.meta.url), { address: base });
try {
  const offered = () => (globalThis as unknown as { page: Page }).page;
  console.log(`Chromium ${browser.version()}, ${await page.evaluate(`(${offered})().adapter()`)}`);
  const call = (name: keyof Page, options: unknown) =>
    page.evaluate(`(${offered})().${name}(${JSON.stringify(options)})`);
  const ours = await call("ours", { side, runs }) as Timing & { flop: number };
  const best = Math.min(...ours.runs), rate = (seconds: number) => (ours.flop / seconds / 1e9).toFixed(1);
  const rows = [["ours", ours.first.toFixed(1), best.toFixed(2), rate(best), ""]];
  try {
    const theirs = await call("theirs", { base, model: `${base}encoder.onnx`, side, runs }) as Timing;
    const fastest = Math.min(...theirs.runs);
    rows.push([
      "onnxruntime-web",
      theirs.first.toFixed(1),
      fastest.toFixed(2),
      rate(fastest),
      `${(fastest / best).toFixed(2)}×`,
    ]);
  } catch (error) {
    console.log(`onnxruntime-web's WebGPU provider does not run here: ${(error as Error).message}`);
  }
  table([`encode ${side}×${side}`, "first, s", "best, s", "GFLOP/s", "ratio"], rows);
} finally {
  await browser.close();
  await server.shutdown();
}
