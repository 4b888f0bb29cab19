import { Control } from "../../../workers/kernel_protocol.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Heap } from "./heap.ts";
import type { Runner, Walk } from "./runner.ts";
import { type KernelWorker, type Spawn, spawnKernelWorker } from "./spawn.ts";

/** How long a worker may take to be gone, in milliseconds, before the pool goes on without it. */
const farewellTime = 500;
/** How often a run is looked after within the time after which it counts as stuck. */
const looks = 10;

/** What a pool is made with. */
export interface PoolOptions {
  readonly module: WebAssembly.Module;
  readonly threads: number;
  /** Seconds after which a run that began no new piece of work is given up. */
  readonly stallSeconds: number;
  readonly spawn?: Spawn;
}

/** Threads that stay: they sleep until a table is to be walked. The caller's thread neither computes nor blocks. */
export class Pool implements Runner {
  readonly threads: number;
  readonly #heap: Heap;
  readonly #module: WebAssembly.Module;
  readonly #spawn: Spawn;
  readonly #stallTime: number;
  readonly #control: number;
  #crew: Crew = { workers: [] };

  constructor(heap: Heap, { module, threads, stallSeconds, spawn = spawnKernelWorker }: PoolOptions) {
    this.#heap = heap;
    this.#module = module;
    this.#spawn = spawn;
    this.#stallTime = 1000 * stallSeconds;
    this.threads = threads;
    this.#control = heap.allocate(4 * Control.Words);
  }

  async walk(walk: Walk, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    // A worker that ended while nothing ran is replaced before anyone notices.
    if (this.#crew.failure) await this.#stop();
    const words = this.#words();
    const abort = () => Atomics.store(words, Control.Abort, 1);
    try {
      if (this.#crew.workers.length === 0) await this.#start();
      signal?.throwIfAborted();
      words.fill(0, Control.Arrivals, Control.Start);
      words[Control.Done] = 0;
      words[Control.Table] = walk.table;
      words[Control.Count] = walk.count;
      words[Control.Threads] = this.threads;
      words[Control.Scratch] = walk.scratch;
      words[Control.ScratchBytes] = walk.scratchBytes;
      words[Control.Times] = walk.times;
      signal?.addEventListener("abort", abort, { once: true });
      this.#hold(true);
      Atomics.add(words, Control.Start, 1);
      Atomics.notify(words, Control.Start);
      await this.#done(words);
    } catch (error) {
      if (error instanceof BackendError) {
        abort();
        await this.#stop();
      }
      throw error;
    } finally {
      this.#hold(false);
      signal?.removeEventListener("abort", abort);
    }
    signal?.throwIfAborted();
  }

  async dispose(): Promise<void> {
    await this.#stop();
    this.#heap.free(this.#control);
  }

  #words(): Int32Array {
    return this.#heap.i32(this.#control, Control.Words);
  }

  #hold(held: boolean): void {
    for (const worker of this.#crew.workers) worker.hold(held);
  }

  /** Waits until all threads have finished. Throws when one of them failed, or when nothing happens any more. */
  async #done(words: Int32Array): Promise<void> {
    let begun = 0, quiet = 0;
    for (;;) {
      const done = Atomics.load(words, Control.Done);
      if (this.#crew.failure) throw this.#crew.failure;
      if (done === this.threads) return;
      await changed(words, Control.Done, { from: done, within: this.#stallTime / looks });
      // Looks are counted, not time: a machine that slept was not stuck.
      const now = Atomics.load(words, Control.Begun);
      quiet = now === begun && Atomics.load(words, Control.Done) === done ? quiet + 1 : 0;
      begun = now;
      if (quiet >= looks) {
        throw failed("nothing happened any more", {
          got: `no new piece of work in ${this.#stallTime / 1000} seconds`,
        });
      }
    }
  }

  async #start(): Promise<void> {
    const words = this.#words();
    words.fill(0);
    const crew: Crew = { workers: [] };
    this.#crew = crew;
    const all = Promise.withResolvers<void>();
    let ready = 0;
    for (let thread = 0; thread < this.threads; thread++) {
      const data = { module: this.#module, memory: this.#heap.memory, control: this.#control, thread };
      const ended = (reason: string) => {
        crew.failure ??= failed(`worker ${thread} of ${this.threads} ended`, { got: reason });
        all.reject(crew.failure);
        // The end of a crew that was sent away does not concern the next one.
        if (crew !== this.#crew) return;
        Atomics.store(words, Control.Abort, 1);
        Atomics.notify(words, Control.Done);
      };
      const started = () => {
        if (++ready === this.threads) all.resolve();
      };
      try {
        crew.workers.push(this.#spawn(data, { ready: started, ended }));
      } catch (cause) {
        throw failed(`worker ${thread} of ${this.threads} cannot be started`, { got: String(cause) });
      }
    }
    const late = setTimeout(
      () => all.reject(failed("the workers do not start", { got: `${ready} of ${this.threads} ready` })),
      this.#stallTime,
    );
    // Nobody waits for it when a worker fails between two runs.
    all.promise.catch(() => {});
    await all.promise.finally(() => clearTimeout(late));
  }

  async #stop(): Promise<void> {
    const { workers } = this.#crew;
    this.#crew = { workers: [] };
    await Promise.all(workers.map((worker) => soon(worker.terminate())));
  }
}

/** The workers of one start, and why they cannot work any more. */
interface Crew {
  readonly workers: KernelWorker[];
  failure?: BackendError;
}

function failed(what: string, { got }: { got: string }): BackendError {
  return new BackendError(`Cannot finish the run: ${what}`, {
    got,
    hint: "run again: the workers are started anew",
  });
}

/** Waits until a word is no longer `from`, or somebody notifies, or the time is over. */
async function changed(
  words: Int32Array,
  index: number,
  { from, within }: { from: number; within: number },
): Promise<void> {
  if (Atomics.waitAsync) {
    const waiting = Atomics.waitAsync(words, index, from, within);
    if (waiting.async) await waiting.value;
    return;
  }
  const end = performance.now() + within;
  while (Atomics.load(words, index) === from && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits for a worker's end, but not for ever. */
async function soon(end: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => timer = setTimeout(resolve, farewellTime));
  await Promise.race([end, over]);
  clearTimeout(timer);
}
