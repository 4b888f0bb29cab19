/**
 * `deno task bench service [SECONDS]`: pictures a second and latency of the service on loopback, for 1, 4, 16 and 64
 * clients, beside the same work done by the library one by one. The answers are compared before anything is timed.
 */
import { decodeImage } from "../src/image/decode.ts";
import { encodeImage } from "../src/image/encode.ts";
import { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import { Generator } from "../src/transformer/generator.ts";
import { table } from "./report.ts";

const seconds = Number(Deno.args[0] ?? 4);
const root = new URL("../", import.meta.url);
const ring = await Deno.readFile(new URL("models/emoji-32/samples/ring.png", root));
const settings = { seed: 7, guidance: 4 };

/** A kind of work: by the library, and as a request. */
interface Work {
  readonly name: string;
  library(): Promise<Uint8Array>;
  request(): [string, RequestInit];
  /** The picture in an answer. */
  picture(response: Response): Promise<Uint8Array>;
}

/** What a number of clients measured. */
interface Load {
  readonly rate: number;
  readonly latencies: number[];
  readonly health: number[];
}

const work: readonly ((parts: { tokenizer: Tokenizer; generator: Generator }) => Work)[] = [
  ({ tokenizer }) => ({
    name: "reconstruct",
    library: async () =>
      await encodeImage(await tokenizer.reconstruct(await decodeImage(ring)), { format: "png" }),
    request:
      () => ["/v1/reconstruct", { method: "POST", headers: { "content-type": "image/png" }, body: ring }],
    picture: (response) => response.bytes(),
  }),
  ({ generator }) => ({
    name: "draw",
    library: async () => {
      const [picture] = await generator.generate({ classIds: 3, ...settings });
      return await encodeImage(picture!.image, { format: "png" });
    },
    request: () => {
      const body = JSON.stringify({ class_id: 3, ...settings });
      return ["/v1/images/generations", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      }];
    },
    picture: async (response) => Uint8Array.fromBase64((await response.json()).data[0].b64_json),
  }),
];

await using server = await start();
for (const make of work) {
  // The library is loaded for its own turn only: its threads shall not sit beside the server's.
  const { name, request, picture, ...alone } = await (async () => {
    await using tokenizer = await Tokenizer.load("emoji-32");
    await using generator = await Generator.load("emoji-32");
    const one = make({ tokenizer, generator });
    return { ...one, expected: await one.library(), latencies: await oneByOne(one.library) };
  })();
  const [path, init] = request();
  const answer = await picture(await fetch(server.url + path, init));
  if (answer.toBase64() !== alone.expected.toBase64()) throw new Error(`${name}: not what the library gives`);

  const sequential = 1000 / mean(alone.latencies);
  const measured: [string, number, number[], number[]][] = [[
    "library, one by one",
    sequential,
    alone.latencies,
    [],
  ]];
  for (const clients of [1, 4, 16, 64]) {
    await load({ path, init, clients, seconds: Math.min(1, seconds) });
    const { rate, latencies, health } = await load({ path, init, clients, seconds });
    measured.push([`service, ${clients} client${clients === 1 ? "" : "s"}`, rate, latencies, health]);
  }
  console.log(`\n${name}, ${seconds} s each`);
  table(
    ["", "pictures/s", "to one by one", "p50 ms", "p99 ms", "/health p99 ms"],
    measured.map(([label, rate, latencies, health]) => [
      label,
      rate.toFixed(1),
      `${(rate / sequential).toFixed(2)}×`,
      quantile(latencies, 0.5).toFixed(1),
      quantile(latencies, 0.99).toFixed(1),
      health.length > 0 ? quantile(health, 0.99).toFixed(1) : "",
    ]),
  );
}

/** The server in a process of its own. */
async function start(): Promise<AsyncDisposable & { url: string }> {
  const script = new URL("src/cli/voken.ts", root).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, "serve", "--port", "0", "--log", "none"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const url = /http:\S+/.exec(value)?.[0];
  if (!url) throw new Error("The server did not start");
  return {
    url,
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function oneByOne(work: () => Promise<unknown>): Promise<number[]> {
  const latencies: number[] = [], end = performance.now() + 1000 * seconds;
  await work();
  while (performance.now() < end) latencies.push(await timed(work));
  return latencies;
}

async function load({ path, init, clients, seconds }: {
  path: string;
  init: RequestInit;
  clients: number;
  seconds: number;
}): Promise<Load> {
  const latencies: number[] = [], health: number[] = [];
  const start = performance.now(), end = start + 1000 * seconds;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.url + path, init);
    await response.bytes();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  };
  await Promise.all([
    ...Array.from({ length: clients }, async () => {
      while (performance.now() < end) latencies.push(await timed(() => ask(path, init)));
    }),
    (async () => {
      while (performance.now() < end) {
        health.push(await timed(() => ask("/health")));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })(),
  ]);
  return { rate: latencies.length / (performance.now() - start) * 1000, latencies, health };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))]!;
}
