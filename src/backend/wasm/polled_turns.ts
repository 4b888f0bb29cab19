import type { Turns } from "../turns.ts";

/**
 * Turns on hosts where each request lives by itself: what waits for a promise of another request may never hear of it,
 * once that request has been answered. So whoever waits looks by timers of its own whether its turn has come.
 */
export class PolledTurns implements Pick<Turns, "take"> {
  readonly #queue: unknown[] = [];

  /** As `Turns.take`. */
  take<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Who leaves hears of it at once, not when looking next.
    const leave = () => reject(signal!.reason);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    this.#inTurn(() => {
      signal?.removeEventListener("abort", leave);
      return work();
    }, signal).then(resolve, reject);
    return promise;
  }

  async #inTurn<T>(work: () => T | Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const place = {};
    this.#queue.push(place);
    try {
      while (this.#queue[0] !== place) {
        signal?.throwIfAborted();
        await othersTurn();
      }
      signal?.throwIfAborted();
      return await work();
    } finally {
      this.#queue.splice(this.#queue.indexOf(place), 1);
    }
  }
}

/** Lets the event loop run what waits. */
export function othersTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => unknown };
  return new Promise((resolve) => setImmediate ? setImmediate(resolve) : setTimeout(resolve, 0));
}
