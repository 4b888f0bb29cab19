import { Worker } from "node:worker_threads";
import {
  Control,
  type KernelWorkerData,
  type KernelWorkerMessage,
} from "../../../workers/kernel_protocol.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Heap } from "./heap.ts";

/** A command table to walk, by addresses. */
export interface Walk {
  readonly table: number;
  readonly count: number;
  readonly scratch: number;
  readonly scratchBytes: number;
  /** Where to write when each command began; 0 for nowhere. */
  readonly times: number;
}

/** Threads that stay: they sleep until a table is to be walked. The caller's thread neither computes nor blocks. */
export class Pool {
  readonly threads: number;
  readonly #heap: Heap;
  readonly #module: WebAssembly.Module;
  readonly #control: number;
  #workers: Worker[] = [];
  /** Rejects when a worker fails. */
  #failure: PromiseWithResolvers<never> = Promise.withResolvers<never>();

  constructor(heap: Heap, { module, threads }: { module: WebAssembly.Module; threads: number }) {
    this.#heap = heap;
    this.#module = module;
    this.threads = threads;
    this.#control = heap.allocate(4 * Control.Words);
  }

  /**
   * Walks a table once with all threads. Aborting ends it after the items under way.
   * Throws `BackendError` if a worker fails; the next call starts a new pool.
   */
  async walk(walk: Walk, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#workers.length === 0) await this.#start();
    const words = this.#words();
    words.fill(0, Control.Arrivals, Control.Start);
    words[Control.Done] = 0;
    words[Control.Table] = walk.table;
    words[Control.Count] = walk.count;
    words[Control.Threads] = this.threads;
    words[Control.Scratch] = walk.scratch;
    words[Control.ScratchBytes] = walk.scratchBytes;
    words[Control.Times] = walk.times;
    const abort = () => Atomics.store(words, Control.Abort, 1);
    signal?.addEventListener("abort", abort, { once: true });
    this.#workers.forEach((worker) => worker.ref());
    try {
      Atomics.add(words, Control.Start, 1);
      Atomics.notify(words, Control.Start);
      await Promise.race([this.#done(words), this.#failure.promise]);
    } catch (error) {
      Atomics.store(words, Control.Abort, 1);
      await this.stop();
      throw error;
    } finally {
      this.#workers.forEach((worker) => worker.unref());
      signal?.removeEventListener("abort", abort);
    }
    signal?.throwIfAborted();
  }

  /** Ends the workers. */
  async stop(): Promise<void> {
    const workers = this.#workers.splice(0);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #words(): Int32Array {
    return this.#heap.i32(this.#control, Control.Words);
  }

  async #done(words: Int32Array): Promise<void> {
    for (;;) {
      const done = Atomics.load(words, Control.Done);
      if (done === this.threads) return;
      const waiting = Atomics.waitAsync(words, Control.Done, done);
      if (waiting.async) await waiting.value;
    }
  }

  async #start(): Promise<void> {
    this.#words().fill(0);
    this.#failure = Promise.withResolvers<never>();
    // Nobody may be waiting when a worker fails between two runs.
    this.#failure.promise.catch(() => {});
    const starting = Array.from({ length: this.threads }, (_, thread) => this.#spawn(thread));
    await Promise.race([Promise.all(starting), this.#failure.promise]);
  }

  #spawn(thread: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const workerData: KernelWorkerData = {
      module: this.#module,
      memory: this.#heap.memory,
      control: this.#control,
      thread,
    };
    const worker = new Worker(new URL("../../../workers/kernel_worker.ts", import.meta.url), { workerData });
    const failure = this.#failure;
    const fail = (cause: unknown) =>
      failure.reject(
        new BackendError(`Cannot finish the run: worker ${thread} of ${this.threads} ended`, {
          got: String(cause),
          hint: "run again: the workers are started anew",
        }),
      );
    worker.on("message", (message: KernelWorkerMessage) => {
      if (message.type === "ready") resolve();
      else fail(message.message);
    });
    worker.on("error", fail);
    worker.on("exit", (code) => fail(`exit code ${code}`));
    this.#workers.push(worker);
    return promise;
  }
}
