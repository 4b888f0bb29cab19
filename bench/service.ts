/**
 * `deno task bench service [SECONDS]`: measures the latency that the service adds to the library for single requests, and
 * then the throughput and latency of the service on loopback for 1, 4, 16 and 64 clients. The responses are compared
 * with the library's results before anything is timed. What batches can gain is what they gain in the library.
 *
 * It uses the small model of the tests, with which the overhead of the service is a large share of a request, and the
 * shipped one.
 */
import { median, runJson, table } from "./report.ts";
import type { Alone } from "./service_run.ts";
import { models, type Work, worksOf } from "./service_work.ts";

const seconds = Number(Deno.args[0] ?? 4);
const root = new URL("../", import.meta.url);

/** The measurements for one number of clients. */
interface Load {
  readonly rate: number;
  readonly latencies: number[];
  readonly health: number[];
}

for (const [model, { folder, image }] of Object.entries(models)) {
  const alone = await runJson<Alone[]>("service_run.ts", model, seconds);
  console.log(`\n${model}: one request, alternating with the library in the same process, ${seconds} s`);
  table(
    ["", "library ms", "service ms", "added ms", "added"],
    alone.map(({ name, library, service }) => {
      const added = median(service.map((milliseconds, i) => milliseconds - library[i]!));
      const share = `${(100 * added / median(library)).toFixed(1)}%`;
      return [name, median(library).toFixed(1), median(service).toFixed(1), added.toFixed(1), share];
    }),
  );
  await using server = await start(folder);
  for (const work of worksOf(await Deno.readFile(image))) {
    const { library, batch } = alone.find(({ name }) => name === work.name)!;
    const measured: [number, Load][] = [];
    for (const clients of [1, 4, 16, 64]) {
      await load(server.url, work, { clients, seconds: Math.min(1, seconds) });
      measured.push([clients, await load(server.url, work, { clients, seconds })]);
    }
    const oneByOne = measured[0]![1].rate, most = 1000 / median(batch);
    console.log(
      `\n${model}: ${work.name}, ${seconds} s each; batches of the library: ${most.toFixed(1)} images/s`,
    );
    table(
      [
        "clients",
        "images/s",
        "vs 1 client",
        "vs library",
        "of batches",
        "p50 ms",
        "p99 ms",
        "/health p99 ms",
      ],
      measured.map(([clients, { rate, latencies, health }]) => [
        `${clients}`,
        rate.toFixed(1),
        `${(rate / oneByOne).toFixed(2)}×`,
        `${(rate * mean(library) / 1000).toFixed(2)}×`,
        `${(100 * rate / most).toFixed(0)}%`,
        ...[quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(health, 0.99)].map((ms) =>
          ms.toFixed(1)
        ),
      ]),
    );
  }
}

/** Starts the server in a separate process. */
async function start(folder: string): Promise<AsyncDisposable & { url: string }> {
  const script = new URL("src/cli/voken.ts", root).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, "serve", "--model", folder, "--port", "0", "--log", "none"],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  const url = /http:\S+/.exec(value)?.[0];
  if (!url) throw new Error("Cannot start the server");
  return {
    url,
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function load(
  url: string,
  { path, init }: Work,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<Load> {
  const latencies: number[] = [], health: number[] = [];
  const start = performance.now(), end = start + 1000 * seconds;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init);
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
