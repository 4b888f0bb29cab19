/** A thread of `readBandwidth`, which reads its memory `runs` times. All threads start each run together. */
import { parentPort, workerData } from "node:worker_threads";
import { limits } from "./limits.ts";

const { module, bytes, runs, start, threads } = workerData;
const memory = new WebAssembly.Memory({ initial: bytes / 65536 + 1, maximum: 65536, shared: true });
// Pages that were never written are one page of zeros.
new Uint8Array(memory.buffer).fill(1);
const { read } = limits(module, memory);
const spans: [number, number][] = [];
read(65536, bytes);
for (let run = 0; run < runs; run++) {
  Atomics.add(start, 0, 1);
  while (Atomics.load(start, 0) < threads * (run + 1));
  const begin = performance.timeOrigin + performance.now();
  read(65536, bytes);
  spans.push([begin, performance.timeOrigin + performance.now()]);
}
parentPort!.postMessage(spans);
