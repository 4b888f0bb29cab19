import type { suite } from "uvu";
import * as assert from "uvu/assert";
import { createBackend } from "../../src/backend/select.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { smallSample } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { served } from "./served.ts";
import { metricOf, post, postJson, ring } from "./support.ts";

/** Mixed requests for a while: clients, seconds, and the growth of the server's resident set that is let pass. */
export interface Soak {
  readonly clients: number;
  readonly seconds: number;
  readonly maxGrowth: number;
}

const png = { "content-type": "image/png" };
const samples = ["ring", "parrot", "flag-greece", "honey-pot"];

/** Requests that are rejected, and their errors. */
const hostile: readonly [string, RequestInit, number][] = [
  ["/v1/tokenize", post(ring.slice(0, 700), png), 400],
  ["/v1/tokenize", post("", png), 400],
  ["/v1/detokenize", post("{", { "content-type": "application/json" }), 400],
  ["/v1/detokenize", postJson({ grid: [8, 8], tokens: [-1] }), 400],
  ["/v1/tokenize", post("--b\r\n", { "content-type": "multipart/form-data; boundary=b" }), 400],
  ["/v1/images/generations", postJson({ class_id: 99 }), 400],
  ["/v1/images/generations", post("[".repeat(200), { "content-type": "application/json" }), 400],
  ["/..%2f..%2fetc/passwd", {}, 404],
];

/** Right answers, made by the library before the server starts. */
interface Truth {
  readonly images: readonly { file: Uint8Array<ArrayBuffer>; tokens: number[]; again: string }[];
  readonly generations: readonly { request: Record<string, number>; file: string }[];
}

/**
 * Adds a test to `test`: clients send images, generate and stream, leave in the middle at random, and one request in ten
 * is hostile. Every whole answer must be the library's; at the end nothing may be left inside the server, which runs in
 * a process of its own, and its memory may not have grown.
 */
export function soakTest(test: ReturnType<typeof suite>, { clients, seconds, maxGrowth }: Soak): void {
  test(`${clients} clients for ${seconds} s, with disconnects and hostile requests`, async () => {
    const truth = await truthOf();
    const limit = `maxRequests=${2 * clients}`;
    await using server = await served(["--model", smallModel, "--log", "none", "--limit", limit], {
      read: [smallModel],
    });
    const { url } = server;
    const counts = { right: 0, refused: 0, left: 0 };
    const dice = Array.from({ length: clients }, (_, client) => generatorOf(client + 1));
    const run = async (until: number) =>
      await Promise.all(dice.map(async (random) => {
        while (performance.now() < until) counts[await step(url, truth, random)]++;
      }));
    const gauge = async (name: string) => {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.not.match(metrics, /status="50[0124]"/);
      return metricOf(metrics, name);
    };

    // Programs are compiled and heaps find their size.
    await run(performance.now() + 1000 * Math.min(60, seconds / 2));
    const resident = [await gauge("process_resident_memory_bytes")];
    for (let part = 0; part < 10; part++) {
      await run(performance.now() + 100 * seconds);
      resident.push(await gauge("process_resident_memory_bytes"));
    }
    await untilEmpty(() => gauge("voken:num_requests_running"));
    assert.is(await gauge("voken:num_requests_waiting"), 0);
    assert.ok(Object.values(counts).every((count) => count > 0), JSON.stringify(counts));
    const megabytes = resident.map((bytes) => Math.round(bytes / 1e6));
    console.log(`${JSON.stringify(counts)}; resident set in MB: ${megabytes.join(" ")}`);
    const growth = resident.at(-1)! - resident[0]!;
    assert.ok(growth < maxGrowth, `the resident set grew by ${(growth / 1e6).toFixed(0)} MB`);
    assert.is((await server.end("SIGTERM")).code, 0);
  });
}

async function truthOf(): Promise<Truth> {
  await using backend = await createBackend("auto", { threads: 2 });
  await using tokenizer = await Tokenizer.load(smallModel, { backend });
  await using generator = await Generator.load(smallModel, { backend });
  const images = await Promise.all(samples.map(async (name) => {
    const file = await Deno.readFile(smallSample(name));
    const { data } = await tokenizer.encode(await decodeImage(file));
    const again = await encodeImage(await tokenizer.reconstruct(await decodeImage(file)));
    return { file, tokens: [...data], again: again.toBase64() };
  }));
  const generations = await Promise.all([0, 1, 2, 3, 4, 5].map(async (seed) => {
    const settings = { seed, guidance: seed % 2 ? 0 : 4 };
    const [image] = await generator.generate({ classIds: seed, ...settings });
    return { request: { class_id: seed, ...settings }, file: (await encodeImage(image!.image)).toBase64() };
  }));
  return { images, generations };
}

/** One request of one client, and its outcome. */
async function step(url: string, truth: Truth, random: () => number): Promise<"right" | "refused" | "left"> {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  const dice = random();
  if (dice < 0.1) {
    const [path, init, status] = pick(hostile);
    const response = await fetch(url + path, init);
    await response.bytes();
    assert.is(response.status, status, path);
    return "refused";
  }
  if (dice < 0.3) return await stream(url, pick(truth.generations), 200 * random());
  if (dice < 0.6) {
    const { request, file } = pick(truth.generations);
    const response = await fetch(`${url}/v1/images/generations`, postJson(request));
    assert.is(response.status, 200);
    assert.is((await response.json()).data[0].b64_json, file, JSON.stringify(request));
    return "right";
  }
  const { file, tokens, again } = pick(truth.images);
  if (dice < 0.7) {
    const response = await fetch(`${url}/v1/tokenize`, post(file, png));
    assert.equal((await response.json()).tokens, tokens);
  } else {
    const response = dice < 0.8
      ? await fetch(`${url}/v1/detokenize`, postJson({ grid: [8, 8], tokens }))
      : await fetch(`${url}/v1/reconstruct`, post(file, png));
    assert.is((await response.bytes()).toBase64(), again);
  }
  return "right";
}

/** Streams a generation, and disconnects after some milliseconds unless it is done. */
async function stream(
  url: string,
  { request, file }: Truth["generations"][number],
  patience: number,
): Promise<"right" | "left"> {
  const client = new AbortController();
  const timer = setTimeout(() => client.abort(), patience);
  try {
    const init = { ...postJson({ ...request, stream: true, partial_images: 3 }), signal: client.signal };
    const events = await (await fetch(`${url}/v1/images/generations`, init)).text();
    const { type, b64_json } = JSON.parse(events.trim().split("\n").at(-1)!.slice("data: ".length));
    assert.equal([type, b64_json], ["image_generation.completed", file]);
    return "right";
  } catch (error) {
    if (!client.signal.aborted) throw error;
    return "left";
  } finally {
    clearTimeout(timer);
  }
}

/** Disconnected clients are noticed a moment later. */
async function untilEmpty(inside: () => Promise<number>): Promise<void> {
  for (let i = 0; i < 100 && await inside() !== 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.is(await inside(), 0);
}

/** A small generator of random numbers in [0, 1) (mulberry32), so that each client does the same in each run. */
function generatorOf(seed: number): () => number {
  let state = seed * 0x9e3779b9 | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
