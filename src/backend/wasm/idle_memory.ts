import { Idle, type IdleLimits } from "../idle.ts";
import type { Mutex } from "../mutex.ts";
import { collectorOf } from "./collect.ts";
import type { Heap } from "./heap.ts";
import type { Runner } from "./runner.ts";
import type { Workspace } from "./workspace.ts";

/** What an `IdleMemory` looks after. */
interface Parts {
  readonly heap: Heap;
  readonly workspace: Workspace;
  readonly runner: Runner;
  readonly mutex: Mutex;
  readonly limits: IdleLimits;
  readonly newMemory: () => WebAssembly.Memory;
  /** Whether the memory is kept however long it is idle: each step of a training needs it. */
  readonly kept: boolean;
}

/**
 * Gives memory back that a large program has worked in, once none such ran for some time.
 *
 * A `WebAssembly.Memory` never shrinks. So what is in use is copied to another one, threads are ended, to start in that
 * one with the next run, and the old one is collected.
 */
export class IdleMemory {
  readonly #parts: Parts;
  readonly #idle: Idle;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#idle = new Idle(() => this.#giveBack(), parts.limits);
  }

  /** Does work that may use the memory. */
  async after<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      if (!this.#parts.kept) this.#note();
    }
  }

  /** Gives all memory back. */
  async dispose(): Promise<void> {
    this.#idle.end();
    const { heap, limits } = this.#parts;
    if (heap.reserved < limits.bytes) return heap.dispose();
    const collect = collectorOf(heap.memory);
    heap.dispose();
    await collect();
  }

  #note(): void {
    const { heap, workspace } = this.#parts;
    this.#idle.note({ asked: workspace.asked.take(), held: heap.spare + workspace.bytes });
  }

  async #giveBack(): Promise<void> {
    const { heap, workspace, runner, mutex, limits, newMemory } = this.#parts;
    const collect = await mutex.run(async () => {
      // A disposed heap has nothing reserved.
      if (heap.reserved < limits.bytes || !this.#idle.isDue()) return;
      await runner.detach();
      workspace.release();
      const collect = collectorOf(heap.memory);
      heap.moveTo(newMemory());
      return collect;
    });
    await collect?.();
  }
}
