/**
 * Delays a batch for a short time so that concurrent requests can join it. The wait ends as soon as all expected
 * requests have arrived.
 */
export class BatchWindow {
  readonly #present: () => number;
  readonly #expected: () => number;
  readonly #milliseconds: number;
  #close: (() => void) | undefined;

  constructor({ present, expected, milliseconds = 2 }: {
    /** Number of items that are queued. */
    present: () => number;
    /** Number of items that may be queued soon, including those that already are. */
    expected: () => number;
    /** The longest wait. */
    milliseconds?: number;
  }) {
    this.#present = present;
    this.#expected = expected;
    this.#milliseconds = milliseconds;
  }

  /** Must be called after an item was queued. */
  arrived(): void {
    if (this.#complete) this.#close?.();
  }

  /** Resolves when all expected items are queued or the time is over; at once if no others are expected. */
  async wait(): Promise<void> {
    // A request may queue several items synchronously.
    await undefined;
    if (this.#complete) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#milliseconds);
    this.#close = resolve;
    await promise;
    clearTimeout(timer);
    this.#close = undefined;
  }

  get #complete(): boolean {
    return this.#present() >= this.#expected();
  }
}
