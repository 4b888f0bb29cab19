import { Control } from "../../../workers/kernel_protocol.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Heap } from "./heap.ts";
import type { Runner, Walk } from "./runner.ts";
import { type KernelWorker, type Spawn, spawnKernelWorker } from "./spawn.ts";

/** How long workers have to leave by themselves before they are terminated, in milliseconds. */
const farewellTime = 200;
/** How long a terminated worker may still run: not every host waits for its end. One that loops may run for ever. */
const afterlife = 20;
/** Control blocks that crews use in turn, so that what remains of an ended one meets no new one. */
const controlBlocks = 8;
/** How long workers have to start at least, in milliseconds. */
const startTime = 10_000;
/** How often a run is looked after within the time after which it counts as stuck. */
const looks = 10;

/** What a pool is made with. */
export interface PoolOptions {
  readonly module: () => Promise<WebAssembly.Module>;
  readonly threads: number;
  /** Seconds after which a run that began no new piece of work is given up. */
  readonly stallSeconds: number;
  readonly spawn?: Spawn;
}

/** Threads that stay: they sleep until a table is to be walked. The caller's thread neither computes nor blocks. */
export class Pool implements Runner {
  readonly threads: number;
  readonly #heap: Heap;
  readonly #module: () => Promise<WebAssembly.Module>;
  readonly #spawn: Spawn;
  readonly #stallTime: number;
  readonly #controls: number;
  #crews = 0;
  #crew: Crew = { workers: [], control: 0 };

  constructor(heap: Heap, { module, threads, stallSeconds, spawn = spawnKernelWorker }: PoolOptions) {
    this.#heap = heap;
    this.#module = module;
    this.#spawn = spawn;
    this.#stallTime = 1000 * stallSeconds;
    this.threads = threads;
    this.#controls = heap.allocate(4 * Control.Words * controlBlocks);
  }

  async walk(walk: Walk, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    // A worker that ended while nothing ran is replaced before anyone notices.
    if (this.#crew.failure) await this.#stop();
    const abort = () => Atomics.store(this.#words(), Control.Abort, 1);
    try {
      await this.start();
      signal?.throwIfAborted();
      const words = this.#words();
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
      if (error instanceof BackendError) await this.#stop();
      throw error;
    } finally {
      this.#hold(false);
      signal?.removeEventListener("abort", abort);
    }
    signal?.throwIfAborted();
  }

  /** Starts the workers unless they run. Throws `BackendError` if one does not start. */
  async start(): Promise<void> {
    if (this.#crew.workers.length > 0) return;
    try {
      await this.#start();
    } catch (error) {
      await this.#stop();
      throw error;
    }
  }

  async detach(): Promise<void> {
    await this.#stop();
  }

  async dispose(): Promise<void> {
    await this.#stop();
    this.#heap.free(this.#controls);
  }

  #words(): Int32Array {
    return this.#heap.i32(this.#crew.control, Control.Words);
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
      await changed(words, Control.Done, { from: done, time: this.#stallTime / looks });
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
    const module = await this.#module();
    const control = this.#controls + 4 * Control.Words * (this.#crews++ % controlBlocks);
    const crew: Crew = { workers: [], control };
    this.#crew = crew;
    const words = this.#words();
    words.fill(0);
    const all = Promise.withResolvers<void>();
    // Nobody waits for it when a worker fails between two runs.
    all.promise.catch(() => {});
    let ready = 0;
    for (let thread = 0; thread < this.threads; thread++) {
      const data = { module, memory: this.#heap.memory, control, thread };
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
      Math.max(startTime, this.#stallTime),
    );
    await all.promise.finally(() => clearTimeout(late));
  }

  /** Sends the workers away: politely, then not. */
  async #stop(): Promise<void> {
    const { workers } = this.#crew;
    if (workers.length === 0) return;
    const words = this.#words();
    this.#crew = { workers: [], control: 0 };
    for (const word of [Control.Abort, Control.Exit, Control.Start]) {
      Atomics.add(words, word, 1);
      Atomics.notify(words, word);
    }
    Atomics.notify(words, Control.Generation);
    const end = performance.now() + farewellTime;
    for (let gone = 0; gone < workers.length && performance.now() < end;) {
      await changed(words, Control.Gone, { from: gone, time: end - performance.now() });
      gone = Atomics.load(words, Control.Gone);
    }
    const polite = Atomics.load(words, Control.Gone) === workers.length;
    await Promise.all(workers.map((worker) => within(farewellTime, worker.terminate())));
    if (!polite) await delay(afterlife);
  }
}

/** The workers of one start, and why they cannot work any more. */
interface Crew {
  readonly workers: KernelWorker[];
  /** Address of their control block. */
  readonly control: number;
  failure?: BackendError;
}

function failed(what: string, { got }: { got: string }): BackendError {
  return new BackendError(`Cannot finish the run: ${what}`, {
    got,
    hint: "run again: new workers are started",
  });
}

/** Waits until a word is no longer `from`, a notification arrives, or `time` milliseconds are over. */
async function changed(
  words: Int32Array,
  index: number,
  { from, time }: { from: number; time: number },
): Promise<void> {
  if (Atomics.waitAsync) {
    const waiting = Atomics.waitAsync(words, index, from, time);
    // The timer keeps the process alive meanwhile, which neither the waiting nor a worker that ended does.
    if (waiting.async) await within(time, waiting.value);
    return;
  }
  const end = performance.now() + time;
  while (Atomics.load(words, index) === from && performance.now() < end) {
    await delay(1);
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits for `end`, but not longer than that. */
async function within(milliseconds: number, end: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([end, over]);
  clearTimeout(timer);
}
