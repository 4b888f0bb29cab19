import type { skipIf } from "../support/skip.ts";
import * as assert from "uvu/assert";
import { createBackend } from "../../src/backend/select.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { smallSample } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { type Served, served } from "./served.ts";
import { metricOf, post, postJson, ring } from "./support.ts";

/** Mixed requests for a while: clients, seconds, and the growth of the server's resident set that is let pass. */
export interface Soak {
  readonly clients: number;
  readonly seconds: number;
  readonly maxGrowth: number;
}

const png = { "content-type": "image/png" };
const samples = ["ring", "parrot", "flag-greece", "honey-pot"];

/** Requests that are rejected, and the statuses of that. */
const hostile: readonly [string, RequestInit, ...number[]][] = [
  ["/v1/tokenize", post(ring.slice(0, 700), png), 400],
  ["/v1/tokenize", post("", png), 400],
  ["/v1/detokenize", post("{", { "content-type": "application/json" }), 400],
  ["/v1/detokenize", postJson({ grid: [8, 8], tokens: [-1] }), 400],
  ["/v1/tokenize", post("--b\r\n", { "content-type": "multipart/form-data; boundary=b" }), 400],
  ["/v1/images/generations", postJson({ class_id: 99 }), 400],
  ["/v1/images/generations", post("[".repeat(200), { "content-type": "application/json" }), 400],
  // Proxies see by themselves that it leads nowhere.
  ["/..%2f..%2fetc/passwd", {}, 404, 400],
];

/** Right answers, made by the library before the server starts. */
interface Truth {
  readonly images: readonly { file: Uint8Array<ArrayBuffer>; tokens: number[]; again: string }[];
  readonly generations: readonly { request: Record<string, number>; file: string }[];
}

/** What the requests of a soak are sent to. Disposing it ends all of its servers. */
export interface Target extends AsyncDisposable {
  /** Sends a request. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A server that lasts to the end and is looked into: its memory, its log, and how it ends. */
  readonly server: Served;
  /** Called when half of the time is over, while requests are answered. */
  halfway?(): Promise<void>;
  /** Answers that may break and are then asked for again. */
  readonly mayBreak: number;
}

/** One server, to which requests are sent directly. */
export async function oneServer(args: readonly string[]): Promise<Target> {
  const server = await served(args, { read: [smallModel] });
  const send = (path: string, init?: RequestInit) => fetch(server.url + path, init);
  return { server, fetch: send, mayBreak: 0, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/**
 * Adds a test to `test`: clients send images, generate and stream, leave in the middle at random, and one request in ten
 * is hostile. Every whole answer must be the library's; at the end nothing may be left inside the server, which runs in
 * a process of its own, its memory may not have grown, and each request that it counted has a line in its log, in JSON.
 */
export function soakTest(
  test: ReturnType<typeof skipIf>,
  { clients, seconds, maxGrowth, start = oneServer }: Soak & {
    /** Starts what the requests are sent to; the arguments are those of `voken serve`. */
    start?: (args: readonly string[]) => Promise<Target>;
  },
): void {
  test(`${clients} clients for ${seconds} s, with disconnects and hostile requests`, async () => {
    const truth = await truthOf();
    const args = ["--model", smallModel, "--log", "json", "--limit", `maxRequests=${2 * clients}`];
    await using target = await start(args);
    const { server } = target, counts = { right: 0, refused: 0, left: 0 };
    let broken = 0;
    const dice = Array.from({ length: clients }, (_, client) => generatorOf(client + 1));
    const run = async (until: number) =>
      await Promise.all(dice.map(async (random) => {
        while (performance.now() < until) {
          const request = choose(target, truth, random);
          counts[
            await request().catch((error) => {
              // Only what broke on its way is asked for again: a wrong answer is a failure.
              if (!(error instanceof TypeError) || ++broken > target.mayBreak) throw error;
              return request();
            })
          ]++;
        }
      }));
    const metrics = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      assert.not.match(text, /status="50[0124]"/);
      return text;
    };
    const gauge = async (name: string) => metricOf(await metrics(), name);

    // Programs are compiled and heaps find their size.
    await run(performance.now() + 1000 * Math.min(60, seconds / 2));
    const resident = [await gauge("process_resident_memory_bytes")];
    for (let part = 0; part < 10; part++) {
      const running = run(performance.now() + 100 * seconds);
      if (part === 5) await target.halfway?.();
      await running;
      resident.push(await gauge("process_resident_memory_bytes"));
    }
    await untilEmpty(() => gauge("voken:num_requests_running"));
    const text = await metrics();
    assert.is(metricOf(text, "voken:num_requests_waiting"), 0);
    assert.ok(Object.values(counts).every((count) => count > 0), JSON.stringify(counts));
    const megabytes = resident.map((bytes) => Math.round(bytes / 1e6));
    console.log(`${JSON.stringify({ ...counts, broken })}; resident set in MB: ${megabytes.join(" ")}`);
    // A server that is left alone half-way gets the work of the others from then on.
    const growth = resident.at(-1)! - resident[target.halfway ? 6 : 0]!;
    assert.ok(growth < maxGrowth, `the resident set grew by ${(growth / 1e6).toFixed(0)} MB`);
    const { code, errors } = await server.end("SIGTERM");
    assert.is(code, 0);
    const lines = errors.trim().split("\n").map((line) => JSON.parse(line));
    // The last look at the metrics counts itself, too.
    assert.is(lines.length, metricOf(text, "voken:request_total") + 1);
    assert.is(new Set(lines.map(({ requestId }) => requestId)).size, lines.length);
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

type Outcome = "right" | "refused" | "left";

/** Chooses the next request of a client. It may be sent more than once, and resolves to its outcome. */
function choose({ fetch }: Target, truth: Truth, random: () => number): () => Promise<Outcome> {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
  const dice = random();
  if (dice < 0.1) {
    const [path, init, ...statuses] = pick(hostile);
    return async () => {
      const response = await fetch(path, init);
      await response.bytes();
      assert.ok(statuses.includes(response.status), `${path}: ${response.status}`);
      return "refused";
    };
  }
  const generation = pick(truth.generations), { request, file: picture } = generation;
  if (dice < 0.3) {
    const patience = 200 * random();
    return () => stream(fetch, generation, patience);
  }
  if (dice < 0.6) {
    return async () => {
      const response = await fetch("/v1/images/generations", postJson(request));
      assert.is(response.status, 200);
      assert.is((await response.json()).data[0].b64_json, picture, JSON.stringify(request));
      return "right";
    };
  }
  const { file, tokens, again } = pick(truth.images);
  return async () => {
    if (dice < 0.7) {
      const response = await fetch("/v1/tokenize", post(file, png));
      assert.equal((await response.json()).tokens, tokens);
    } else {
      const response = dice < 0.8
        ? await fetch("/v1/detokenize", postJson({ grid: [8, 8], tokens }))
        : await fetch("/v1/reconstruct", post(file, png));
      assert.is((await response.bytes()).toBase64(), again);
    }
    return "right";
  };
}

/** Streams a generation, and disconnects after some milliseconds unless it is done. */
async function stream(
  fetch: Target["fetch"],
  { request, file }: Truth["generations"][number],
  patience: number,
): Promise<"right" | "left"> {
  const client = new AbortController();
  const timer = setTimeout(() => client.abort(), patience);
  try {
    const init = { ...postJson({ ...request, stream: true, partial_images: 3 }), signal: client.signal };
    const events = await (await fetch("/v1/images/generations", init)).text();
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
