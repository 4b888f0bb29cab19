/** A thread of the WASM backend: waits for a run, executes its commands together with the other threads, repeats. */
import { nodeWorkers } from "../src/io/host.ts";
import { instantiate } from "../src/backend/wasm/kernels.ts";
import { Control, type KernelWorkerData, type KernelWorkerMessage } from "./kernel_protocol.ts";

type Post = (message: KernelWorkerMessage) => void;

const port = nodeWorkers()?.parentPort;
if (port) {
  port.once("message", (data: KernelWorkerData) => serve(data, (message) => port.postMessage(message)));
} else {
  const scope = globalThis as unknown as {
    onmessage: ((event: { data: KernelWorkerData }) => void) | null;
    postMessage: Post;
  };
  scope.onmessage = ({ data }) => serve(data, (message) => scope.postMessage(message));
}

/** Executes runs until the worker is told to exit or a kernel fails. */
function serve({ module, memory, control, thread }: KernelWorkerData, post: Post): void {
  const words = new Int32Array(memory.buffer, control, Control.Words);
  try {
    const kernels = instantiate(module, memory);
    let seen = Atomics.load(words, Control.Start);
    post({ type: "ready" });
    while (!Atomics.load(words, Control.Exit)) {
      Atomics.wait(words, Control.Start, seen);
      const start = Atomics.load(words, Control.Start);
      if (start === seen || Atomics.load(words, Control.Exit)) continue;
      seen = start;
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
    Atomics.notify(words, Control.Generation);
    post({ type: "failed", message: String(error) });
  }
  Atomics.add(words, Control.Gone, 1);
  Atomics.notify(words, Control.Gone);
}
