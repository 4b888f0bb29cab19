import { CallerThread } from "./caller_thread.ts";
import type { Heap } from "./heap.ts";
import { Pool, type PoolOptions } from "./pool.ts";
import type { Runner, Walk } from "./runner.ts";

/**
 * Walks tables by a pool or, if its workers do not start, on the caller's thread from then on. A page's content security
 * policy may forbid workers, for example, which shows only when one is started.
 */
export class PoolOrCaller implements Runner {
  readonly #heap: Heap;
  readonly #options: PoolOptions;
  #runner: Runner;
  #started = false;

  constructor(heap: Heap, options: PoolOptions) {
    this.#heap = heap;
    this.#options = options;
    this.#runner = new Pool(heap, options);
  }

  get threads(): number {
    return this.#runner.threads;
  }

  async walk(walk: Walk, signal?: AbortSignal): Promise<void> {
    if (!this.#started) await this.#start();
    await this.#runner.walk(walk, signal);
  }

  async detach(): Promise<void> {
    await this.#runner.detach();
  }

  async dispose(): Promise<void> {
    await this.#runner.dispose();
  }

  async #start(): Promise<void> {
    const pool = this.#runner as Pool;
    try {
      await pool.start();
    } catch {
      await pool.dispose();
      this.#runner = new CallerThread(this.#heap, this.#options);
    }
    this.#started = true;
  }
}
