import { nodeWorkers } from "../src/io/host.ts";
import type { ImageWorkerAnswer, ImageWorkerRequest } from "./image_worker.ts";

/** A thread that runs `image_worker.ts` and handles one request at a time. It cannot be used after a failure. */
export class ImageThread {
  readonly #worker: InstanceType<typeof import("node:worker_threads").Worker>;
  #pending: PromiseWithResolvers<ImageWorkerAnswer> | undefined;
  #ended: string | undefined;

  /** Starts the thread with a heap of at most `memory` megabytes. The host must have Node's worker threads. */
  constructor({ memory }: { memory: number }) {
    const { Worker } = nodeWorkers()!;
    this.#worker = new Worker(workerUrl(), { resourceLimits: { maxOldGenerationSizeMb: memory } });
    this.#worker.on("message", (answer: ImageWorkerAnswer) => this.#take()?.resolve(answer));
    this.#worker.on("error", (error) => this.#end(String(error)));
    this.#worker.on("exit", (code) => this.#end(`exit code ${code}`));
    this.#worker.unref();
  }

  /** Why the thread ended; `undefined` while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Sends a request. Rejects if the thread ends before it answers. */
  ask(
    request: ImageWorkerRequest,
    { transfer }: { transfer: readonly ArrayBuffer[] },
  ): Promise<ImageWorkerAnswer> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    this.#pending = Promise.withResolvers<ImageWorkerAnswer>();
    this.#worker.ref();
    this.#worker.postMessage(request, [...transfer]);
    return this.#pending.promise;
  }

  /** Ends the thread at once. */
  async terminate(reason: string): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    this.#take()?.reject(new Error(reason));
  }

  #take(): PromiseWithResolvers<ImageWorkerAnswer> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#worker.unref();
    return pending;
  }
}

/**
 * Where the worker is. It imports codecs, so that its own file is started, not a bundle. Packages contain it because its
 * types are imported above.
 */
function workerUrl(): URL {
  // In an npm package each file is compiled to JavaScript.
  const extension = import.meta.url.endsWith(".js") ? "js" : "ts";
  const file = new URL(`./image_worker.${extension}`, import.meta.url);
  if (file.protocol === "file:") return file;
  // Deno starts no worker at an https: URL, but imports one.
  return new URL(`data:text/javascript,${encodeURIComponent(`import ${JSON.stringify(file.href)};`)}`);
}
