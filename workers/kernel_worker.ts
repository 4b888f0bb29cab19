/** A thread of the WASM backend: waits for a run, walks its commands beside the other threads, says when done. */
import { parentPort, workerData } from "node:worker_threads";
import { instantiate } from "../src/backend/wasm/kernels.ts";
import { Control, type KernelWorkerData, type KernelWorkerMessage } from "./kernel_protocol.ts";

const { module, memory, control, thread } = workerData as KernelWorkerData;
const say = (message: KernelWorkerMessage) => parentPort!.postMessage(message);
const kernels = instantiate(module, memory);
const words = new Int32Array(memory.buffer, control, Control.Words);
let seen = Atomics.load(words, Control.Start);

say({ type: "ready" });
try {
  for (;;) {
    Atomics.wait(words, Control.Start, seen);
    const start = Atomics.load(words, Control.Start);
    if (start === seen) continue;
    seen = start;
    if (words[Control.Exit]) break;
    const scratch = words[Control.Scratch]! + thread * words[Control.ScratchBytes]!;
    kernels.walk(
      words[Control.Table]! >>> 0,
      words[Control.Count]!,
      thread,
      words[Control.Threads]!,
      control,
      scratch >>> 0,
      words[Control.Times]! >>> 0,
    );
    Atomics.add(words, Control.Done, 1);
    Atomics.notify(words, Control.Done);
  }
} catch (error) {
  Atomics.store(words, Control.Abort, 1);
  say({ type: "failed", message: String(error) });
}
