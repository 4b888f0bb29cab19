/** Uses each module of the package; copied into a folder that it was added to. Prints what it found as JSON. */
import { encodeImage, Generator, psnr, readImage, Tokenizer } from "@voken/magvit2";
import { openCheckpoint } from "@voken/magvit2/advanced";
import { createEdgeService } from "@voken/magvit2/edge";
import { createService } from "@voken/magvit2/service";
import { presetNames, readPreset } from "@voken/magvit2/train";

await using checkpoint = await openCheckpoint("emoji-64");
await using tokenizer = await Tokenizer.load("emoji-64", { backend: "wasm", threads: 2 });
const file = await Deno.readFile("ring.png"), image = await readImage(file);
const models = [{ name: "emoji-64", tokenizer }];

const codecs: Record<string, number> = {};
for (const format of ["png", "jpeg", "webp"] as const) {
  codecs[format] = psnr(image, await readImage(await encodeImage(image, { format })));
}

const request = () => {
  const headers = { "content-type": "image/png" };
  return new Request("http://127.0.0.1/v1/reconstruct", { method: "POST", headers, body: file });
};
await using service = createService({ models });
const edge = createEdgeService({ models });
const served = [await service.fetch(request()), await edge.fetch(request())];

await using generator = await Generator.load("emoji-64", { backend: "wasm", threads: 2 });
const [generated] = await generator.generate({ classIds: "Flags", seed: 42, candidates: 1 });

console.log(JSON.stringify({
  psnr: psnr(image, await tokenizer.reconstruct(image)).toFixed(2),
  opened: checkpoint.tensors.size > 0,
  codecs,
  served: served.map(({ status, headers }) => [status, headers.get("voken-psnr")]),
  generated: generated!.tokens.data.length,
  presets: (await Promise.all(presetNames.map(readPreset))).length,
}));
