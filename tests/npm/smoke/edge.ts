import { encodeImage, psnr, readImage, Tokenizer } from "@voken/magvit2";
import { createEdgeService, edgeBackend } from "@voken/magvit2/edge";
import { fetchBytes, sampleImage, type Task } from "./checks.ts";

/** The check of the service for hosts that do not listen themselves: pages (in a service worker) and edge hosts. */
export async function service(task: Task): Promise<void> {
  const bytes = await fetchBytes(task, "model");
  await using tokenizer = await Tokenizer.load(bytes, { backend: edgeBackend() });
  const service = createEdgeService({ models: [{ name: "emoji-64", tokenizer }] });
  const image = sampleImage(), headers = { "content-type": "image/png" };
  const body = await encodeImage(image) as Uint8Array<ArrayBuffer>;
  const request = new Request("http://localhost/v1/reconstruct", { method: "POST", headers, body });
  const response = await service.fetch(request);
  if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
  const decibels = psnr(image, await readImage(await response.blob()));
  if (!(decibels > 15)) throw new Error(`${decibels} dB`);
}
