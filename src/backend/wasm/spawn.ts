import { code } from "../../../workers/_generated_kernel_worker.ts";
import type { KernelWorkerData, KernelWorkerMessage } from "../../../workers/kernel_protocol.ts";
import { nodeWorkers } from "../../io/host.ts";

/** A started kernel worker. */
export interface KernelWorker {
  /** While held, the worker keeps the process alive. */
  hold(held: boolean): void;
  /** Ends the worker, whatever it does; resolves when it is gone. */
  terminate(): Promise<void>;
}

/** What a worker reports. `ended` comes at most once, and also after `terminate`. */
export interface KernelWorkerEvents {
  ready(): void;
  ended(reason: string): void;
}

/** Starts a kernel worker. */
export type Spawn = (data: KernelWorkerData, events: KernelWorkerEvents) => KernelWorker;

/** Starts a thread by `node:worker_threads` where that exists, else a Web Worker. */
export const spawnKernelWorker: Spawn = (data, events) => {
  const node = nodeWorkers();
  return node ? spawnNode(node, data, events) : spawnWebWorker(data, events);
};

function spawnNode(
  { Worker }: typeof import("node:worker_threads"),
  data: KernelWorkerData,
  events: KernelWorkerEvents,
): KernelWorker {
  // Without the flags of this process, of which some hold for its main script alone.
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { execArgv: [] });
  worker.on("message", (message: KernelWorkerMessage) => hear(message, events));
  worker.on("error", (error) => events.ended(String(error)));
  worker.on("exit", (code) => events.ended(`exit code ${code}`));
  worker.postMessage(data);
  return {
    hold: (held) => held ? worker.ref() : worker.unref(),
    terminate: async () => void await worker.terminate(),
  };
}

/** Starts a Web Worker. It cannot tell that it ended by itself: the pool notices that nothing happens any more. */
export const spawnWebWorker: Spawn = (data, events) => {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<KernelWorkerMessage>) => {
    URL.revokeObjectURL(url);
    hear(data, events);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    events.ended(event.message || "an error while loading");
  };
  worker.onmessageerror = () => events.ended("a message that cannot be read");
  worker.postMessage(data);
  return {
    hold: () => {},
    terminate: () => Promise.resolve(worker.terminate()),
  };
};

function hear(message: KernelWorkerMessage, events: KernelWorkerEvents): void {
  if (message.type === "ready") events.ready();
  else events.ended(message.message);
}
