import { nodeWorkers } from "../src/backend/wasm/features.ts";
import type { ImageWorkerAnswer, ImageWorkerRequest } from "./image_protocol.ts";

/** A thread that reads and writes image files, one thing at a time, and is gone after a failure. */
export class ImageThread {
  readonly #worker: InstanceType<typeof import("node:worker_threads").Worker>;
  #pending: PromiseWithResolvers<ImageWorkerAnswer> | undefined;
  #ended: string | undefined;

  /** Needs a host with threads as Node has them. */
  constructor({ memory }: { memory: number }) {
    const { Worker } = nodeWorkers()!;
    // Packages for Node hold JavaScript, made file by file.
    const extension = import.meta.url.endsWith(".js") ? "js" : "ts";
    this.#worker = new Worker(new URL(`./image_worker.${extension}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: memory },
    });
    this.#worker.on("message", (answer: ImageWorkerAnswer) => this.#take()?.resolve(answer));
    this.#worker.on("error", (error) => this.#end(String(error)));
    this.#worker.on("exit", (code) => this.#end(`exit code ${code}`));
    this.#worker.unref();
  }

  /** Why the worker is of no more use, if it is not. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Asks for one thing. Rejects when the worker ends before it answers. */
  ask(request: ImageWorkerRequest, transfer: readonly ArrayBuffer[]): Promise<ImageWorkerAnswer> {
    if (this.#ended !== undefined) return Promise.reject(new Error(this.#ended));
    this.#pending = Promise.withResolvers<ImageWorkerAnswer>();
    this.#worker.ref();
    this.#worker.postMessage(request, [...transfer]);
    return this.#pending.promise;
  }

  /** Ends the worker, whatever it does. */
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
