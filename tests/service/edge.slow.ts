import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kernelBytes } from "../../src/backend/wasm/builds.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { psnr } from "../../src/image/metrics.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { scratch } from "../cli/support.ts";
import { shippedModel, shippedSample } from "../support/models.ts";
import { skipIf } from "../support/skip.ts";
import { post, postJson, refusal } from "./support.ts";
import { freePort, missingWorkerd, waitForHealth, withWorkerd } from "./workerd.ts";

const test = suite("the edge");

const root = new URL("../../", import.meta.url);
const modules = ["kernels.wasm", "png.wasm", "model.safetensors", "transformer.safetensors"];
const png = { "content-type": "image/png" };
const ring = await Deno.readFile(shippedSample("ring"));

/** The service with the shipped model. Hosts differ in where `modules` come from, and how requests do. */
const service = `
import { createEdgeService, edgeBackend, Generator, provideCodecs, provideKernels, Tokenizer } from "${new URL(
  "src/service/edge.ts",
  root,
)}";

async function start({ kernels, png, weights, transformer }) {
  provideKernels("relaxed", kernels);
  provideCodecs({ png });
  const backend = edgeBackend(), file = new Uint8Array(weights);
  const tokenizer = await Tokenizer.load(file, { backend });
  const generator = await Generator.load(new Uint8Array(transformer), { tokenizer: file, backend });
  return createEdgeService({ models: [{ name: "emoji-64", tokenizer, generator }] });
}
`;

/** A worker of Cloudflare's kind: the host supplies the modules, compiled. */
const cloudflare = `
import kernels from "kernels.wasm";
import png from "png.wasm";
import weights from "model.safetensors";
import transformer from "transformer.safetensors";
${service}
let started;

export default {
  async fetch(request) {
    return (await (started ??= start({ kernels, png, weights, transformer }))).fetch(request);
  },
};
`;

/** A script of Deno Deploy's kind: its files lie beside it. */
const deploy = `${service}
const read = async (name) => await (await fetch(new URL(name, import.meta.url))).arrayBuffer();
const [kernels, png] = await Promise.all(["kernels.wasm", "png.wasm"].map(async (name) =>
  await WebAssembly.compile(await read(name))
));
const [weights, transformer] = await Promise.all(["model.safetensors", "transformer.safetensors"].map(read));
const app = await start({ kernels, png, weights, transformer });

export default { fetch: (request) => app.fetch(request) };
`;

/** The bundle of a script, and its modules, in a folder. */
async function bundle(script: string, folder: ReturnType<typeof scratch>): Promise<string> {
  await Deno.writeTextFile(folder.at("script.js"), script);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform=browser",
      `--config=${new URL("deno.json", root).pathname}`,
      ...modules.map((name) => `--external=${name}`),
      folder.at("script.js"),
    ],
    cwd: root,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  await Deno.writeFile(folder.at("worker.js"), stdout);
  await Deno.writeFile(folder.at("kernels.wasm"), await kernelBytes("relaxed"));
  await import("@jsquash/png/codec/pkg/squoosh_png.js");
  const codec = import.meta.resolve("npm:@jsquash/png@^3.1.1/codec/pkg/squoosh_png_bg.wasm");
  await Deno.copyFile(new URL(codec), folder.at("png.wasm"));
  for (const name of modules.slice(2)) await Deno.copyFile(`${shippedModel}/${name}`, folder.at(name));
  return new TextDecoder().decode(stdout);
}

/** The service at `url` answers as the library does, also when it is asked several things at once. */
async function checkService(url: string): Promise<void> {
  const health = await waitForHealth(url);
  assert.is(health?.status, 200, await health?.text());
  await using tokenizer = await Tokenizer.load("emoji-64");
  const original = await decodeImage(ring), expected = await tokenizer.reconstruct(original);
  const reconstructed = await fetch(`${url}/v1/reconstruct`, post(ring, png));
  assert.is(reconstructed.status, 200);
  const image = await decodeImage(await reconstructed.bytes()),
    decibels = psnr(original, image).toFixed(2);
  assert.is(reconstructed.headers.get("voken-psnr"), decibels);
  // A latent on the edge between two codes may fall to either side with another variant of the kernels.
  assert.ok(psnr(expected, image) > 35, `${psnr(expected, image)} dB from the library's`);
  await refusal(await fetch(`${url}/v1/reconstruct`, post(ring.slice(0, 700), png)), 400);

  await using generator = await Generator.load("emoji-64");
  const generated = async (class_id: number, seed: number) => {
    const request = postJson({ class_id, seed, partial_images: 1, stream: seed % 2 === 0 });
    const response = await fetch(`${url}/v1/images/generations`, request);
    const text = await response.text();
    const file = /"b64_json":"([^"]+)"(?!.*"b64_json")/s.exec(text)?.[1];
    assert.is(response.status, 200, text);
    return await decodeImage(Uint8Array.fromBase64(file!));
  };
  // Concurrent requests, including streams, are interleaved; one that is cancelled does not block the others.
  const leaver = new AbortController();
  const left = fetch(`${url}/v1/images/generations`, {
    ...postJson({ class_id: 1, n: 4 }),
    signal: leaver.signal,
  }).catch(() => {});
  setTimeout(() => leaver.abort(), 50);
  const [again, ...images] = await Promise.all([
    fetch(`${url}/v1/reconstruct`, post(ring, png)),
    generated(2, 3),
    generated(5, 4),
    generated(7, 5),
    left,
  ]);
  assert.is(again.headers.get("voken-psnr"), decibels);
  for (const [i, [classId, seed]] of [[2, 3], [5, 4], [7, 5]].entries()) {
    const [expected] = await generator.generate({ classIds: classId!, seed });
    assert.equal(images[i], expected!.image);
  }
}

test("the bundle imports nothing of Node, and of Deno names only what asks the host", async () => {
  using folder = scratch();
  const code = await bundle(cloudflare, folder);
  const imported = [...code.matchAll(/(?:from|import)\s*\(?\s*"([^"./\s][^"\s]*)"/g)].map(([, name]) =>
    name!
  );
  assert.equal(imported.filter((name) => !modules.includes(name)), []);
  // What asks the host is there, too.
  const named = new Set([...code.matchAll(/\bDeno\.(\w+)/g)].map(([, name]) => name!));
  assert.equal([...named].sort(), ["open", "permissions"]);
  assert.ok(code.length < 4_000_000, `${code.length} bytes`);
});

test("a script for Deno Deploy matches the library", async () => {
  using folder = scratch();
  await bundle(deploy, folder);
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "serve",
      "--no-config",
      "--no-prompt",
      "--host=127.0.0.1",
      `--port=${port}`,
      `--allow-read=${folder.path}`,
      folder.at("worker.js"),
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await checkService(`http://127.0.0.1:${port}`);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
});

skipIf(missingWorkerd, test)(
  "workerd reconstructs and generates as the library does",
  async () => {
    using folder = scratch();
    await bundle(cloudflare, folder);
    const port = freePort();
    const kind = (name: string) => name.endsWith(".wasm") ? "wasm" : "data";
    await Deno.writeTextFile(
      folder.at("config.capnp"),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "worker.js"),
    ${modules.map((name) => `(name = "${name}", ${kind(name)} = embed "${name}")`).join(",\n    ")}
  ],
  compatibilityDate = "2026-01-01",
);
`,
    );
    await withWorkerd([folder.at("config.capnp")], () => checkService(`http://127.0.0.1:${port}`));
  },
);

test.run();
