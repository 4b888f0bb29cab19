import { Mutex } from "../mutex.ts";

/**
 * A mutex for hosts that isolate requests from one another, as Workers do: code that waits for a promise of another request
 * may never resume once that request is answered. So each piece of work polls, with timers of its own request, whether it is
 * first in the queue.
 */
export class PolledMutex extends Mutex {
  readonly #queue: unknown[] = [];

  protected override async enqueue<T>(work: () => T | Promise<T>): Promise<T> {
    const place = {};
    this.#queue.push(place);
    try {
      while (this.#queue[0] !== place) await yieldToEventLoop();
      return await work();
    } finally {
      this.#queue.shift();
    }
  }
}

/** Lets the event loop run other tasks. */
export function yieldToEventLoop(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => unknown };
  return new Promise((resolve) => setImmediate ? setImmediate(resolve) : setTimeout(resolve, 0));
}
