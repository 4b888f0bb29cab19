import { Turns } from "../turns.ts";

/**
 * Turns on hosts where each request lives by itself: what waits for a promise of another request may never hear of it,
 * once that request has been answered. So whoever waits looks by timers of its own whether its turn has come.
 */
export class PolledTurns extends Turns {
  readonly #queue: unknown[] = [];

  protected override async inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const place = {};
    this.#queue.push(place);
    try {
      while (this.#queue[0] !== place) await othersTurn();
      return await work();
    } finally {
      this.#queue.shift();
    }
  }
}

/** Lets the event loop run what waits. */
export function othersTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => unknown };
  return new Promise((resolve) => setImmediate ? setImmediate(resolve) : setTimeout(resolve, 0));
}
