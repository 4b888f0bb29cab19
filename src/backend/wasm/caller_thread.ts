import { BackendError } from "../../tensor/errors.ts";
import { Control } from "../../../workers/kernel_protocol.ts";
import type { Heap } from "./heap.ts";
import { instantiate, type Kernels } from "./kernels.ts";
import { nextTurn } from "../event_loop.ts";
import type { Runner, Walk } from "./runner.ts";

/** How long the caller's thread computes before others get a turn, in milliseconds. */
const sliceTime = 12;
/** And how many items at most: some hosts' clocks stand still while code runs. */
const sliceItems = 512;

/**
 * Walks tables on the caller's thread, for hosts without shared memory or workers. It computes in short slices, so
 * that timers, requests and an abort get their turn between them.
 */
export class CallerThread implements Runner {
  readonly threads = 1;
  readonly #heap: Heap;
  readonly #module: () => Promise<WebAssembly.Module>;
  readonly #control: number;
  #kernels?: Kernels;

  constructor(heap: Heap, { module }: { module: () => Promise<WebAssembly.Module> }) {
    this.#heap = heap;
    this.#module = module;
    this.#control = heap.allocate(4 * Control.Words);
  }

  async walk({ table, count, scratch, times }: Walk, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#heap.i32(this.#control, Control.Words).fill(0);
    const kernels = this.#kernels ??= instantiate(await this.#module(), this.#heap.memory);
    try {
      for (let command = 0; command < count;) {
        const until = performance.now() + sliceTime, control = this.#control;
        command = kernels.walkSlice(table, command, count, control, scratch, times, sliceItems, until);
        if (command < count) await nextTurn();
        signal?.throwIfAborted();
      }
    } catch (cause) {
      if (!(cause instanceof WebAssembly.RuntimeError)) throw cause;
      // What a trap leaves behind in the instance is not to be relied on.
      this.#kernels = undefined;
      throw new BackendError("Cannot finish the run: a kernel failed", { got: String(cause), cause });
    }
  }

  detach(): Promise<void> {
    this.#kernels = undefined;
    return Promise.resolve();
  }

  async dispose(): Promise<void> {
    await this.detach();
    this.#heap.free(this.#control);
  }
}
