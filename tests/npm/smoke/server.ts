/** The checks for hosts that run servers: `server.js TASK`. Prints the results as JSON. */
import { encodeImage, psnr, readImage, Tokenizer } from "@voken/magvit2";
import { createService, serve } from "@voken/magvit2/service";
import process from "node:process";
import { checks, fetchBytes, runChecks, sampleImage, type Task } from "./checks.ts";

async function service(task: Task): Promise<void> {
  await using tokenizer = await Tokenizer.load(await fetchBytes(task, "model"), { backend: "wasm" });
  await using service = createService({ models: [{ name: "emoji-64", tokenizer }] });
  await using server = await serve(service, { port: 0 });
  const image = sampleImage(), body = new Blob([await encodeImage(image) as Uint8Array<ArrayBuffer>]);
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/reconstruct`, {
    method: "POST",
    headers: { "content-type": "image/png" },
    body,
  });
  if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
  const decibels = psnr(image, await readImage(await response.blob()));
  if (!(decibels > 15)) throw new Error(`${decibels} dB`);
}

const results = await runChecks({ ...checks, service }, JSON.parse(process.argv[2]!));
console.log(JSON.stringify(results));
process.exit(0);
