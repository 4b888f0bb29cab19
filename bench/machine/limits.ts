/**
 * Measures the limits of this machine in the current process: fused multiply-adds per second of one core with WASM SIMD,
 * and the memory bandwidth of one or several cores.
 */
import { Worker } from "node:worker_threads";

interface Limits {
  fma(factors: number, n: number): number;
  read(from: number, bytes: number): number;
}

const options = [
  ...["limits.as.ts", "--outFile", "limits.wasm", "-O1", "--runtime", "stub"],
  ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
  ...["--enable", "threads", "--enable", "simd", "--enable", "relaxed-simd"],
];

/** Compiles the measuring loops. The compiler is loaded on demand, because its memory would count in benchmarks. */
export async function compileLimits(): Promise<WebAssembly.Module> {
  const { default: asc } = await import("assemblyscript/asc");
  const source = await Deno.readTextFile(new URL("limits.as.ts", import.meta.url));
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(options, {
    readFile: (name: string) => name === "limits.as.ts" ? source : null,
    writeFile: (name: string, contents: string | Uint8Array) => {
      if (name === "limits.wasm") binary = contents as Uint8Array<ArrayBuffer>;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`Cannot compile the measuring loops: ${stderr.toString()}`);
  return new WebAssembly.Module(binary);
}

/** Instantiates the loops with `memory`. */
export function limits(module: WebAssembly.Module, memory: WebAssembly.Memory): Limits {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Limits;
}

/** Peak FLOP per second of one core: the best of many short runs. */
export async function fmaPeak(): Promise<number> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { fma } = limits(await compileLimits(), memory);
  const factors = 1024, count = 500_000;
  let best = Infinity;
  // The first runs use code of the baseline compiler, until the optimized code is available.
  for (let run = 0; run < 60; run++) {
    const start = performance.now();
    fma(factors, count);
    best = Math.min(best, performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve));
  }
  return 96 * count / (best / 1000);
}

/** Bytes per second that `threads` threads read in total, each from its own 512 MiB: the best of several runs. */
export async function readBandwidth(threads: number): Promise<number> {
  const module = await compileLimits();
  const bytes = 512 * 2 ** 20, runs = 6;
  const start = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from(
    { length: threads },
    () =>
      new Worker(new URL("read_worker.ts", import.meta.url), {
        workerData: { module, bytes, runs, start, threads },
      }),
  );
  const spans = await Promise.all(
    workers.map((worker) =>
      new Promise<[number, number][]>((resolve, reject) => {
        worker.on("message", resolve);
        worker.on("error", reject);
      })
    ),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
  const times = Array.from(
    { length: runs },
    (_, run) =>
      Math.max(...spans.map((span) => span[run]![1])) - Math.min(...spans.map((span) => span[run]![0])),
  );
  return threads * bytes / (Math.min(...times) / 1000);
}

if (import.meta.main) {
  console.log("FMA, one core:", (await fmaPeak() / 1e9).toFixed(1), "GFLOP/s");
  for (const threads of [1, 2]) {
    console.log(`read, ${threads} thread(s):`, (await readBandwidth(threads) / 1e9).toFixed(1), "GB/s");
  }
  Deno.exit(0);
}
