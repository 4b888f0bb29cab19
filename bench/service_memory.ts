/**
 * `deno task bench service_memory`: the resident set of `voken serve` by the largest picture that it takes. Each line is a
 * process of its own, which 4 clients have reconstruct 12 pictures of that size, and then 16 generate at once.
 */
import { createImage } from "../src/image/image.ts";
import { encodeImage } from "../src/image/encode.ts";
import { served } from "../tests/service/served.ts";
import { metricOf, post, postJson } from "../tests/service/support.ts";
import { table } from "./report.ts";
import { models } from "./service_work.ts";

const clients = 4, pictures = 12, images = 16, rest = 5000;

const rows: string[][] = [];
for (const [model, { folder }] of Object.entries(models)) {
  for (const side of [256, 512, 1024]) rows.push([`${model}, ${side}²`, ...await measure(folder, side)]);
}
console.log(`${clients} clients, ${navigator.hardwareConcurrency} processors, resident set in MB`);
table(["", "started", "highest", "generating", `after ${rest / 1000} s`, "s a picture"], rows);

async function measure(folder: string, side: number): Promise<string[]> {
  const args = ["--backend", "wasm", "--log", "none", "--model", folder];
  await using server = await served([...args, "--limit", `maxPixels=${side ** 2}`], { read: [folder] });
  const resident = async () =>
    metricOf(await (await fetch(`${server.url}/metrics`)).text(), "process_resident_memory_bytes");
  const ask = async (path: string, init: RequestInit) => {
    const response = await fetch(server.url + path, init);
    if (response.status !== 200) throw new Error(`${path} answered ${await response.text()}`);
    await response.bytes();
  };
  const image = createImage({ width: side, height: side });
  image.data.forEach((_, i, data) => data[i] = i * 31 + (i >> 9));
  const file = post(new Uint8Array(await encodeImage(image)), { "content-type": "image/png" });
  const started = await resident(), start = performance.now();
  let left = pictures;
  const reconstructing = await highest(
    resident,
    () =>
      Promise.all(Array.from({ length: clients }, async () => {
        while (left-- > 0) await ask("/v1/reconstruct", file);
      })),
  );
  const seconds = (performance.now() - start) / 1000 / pictures;
  const generating = await highest(
    resident,
    () =>
      Promise.all(
        Array.from({ length: images }, (_, seed) =>
          ask("/v1/images/generations", postJson({ class_id: 3, seed, guidance: 4 }))),
      ),
  );
  await new Promise((resolve) => setTimeout(resolve, rest));
  const after = await resident();
  return [
    ...[started, reconstructing, generating, after].map((bytes) => (bytes / 1e6).toFixed(0)),
    seconds.toFixed(2),
  ];
}

/** The highest of the values that were measured while `work` was done. */
async function highest(measure: () => Promise<number>, work: () => Promise<unknown>): Promise<number> {
  let most = 0, done = false;
  const working = work().finally(() => done = true);
  while (!done) {
    most = Math.max(most, await measure());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await working;
  return most;
}
