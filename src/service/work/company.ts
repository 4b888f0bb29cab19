/** Lets work wait a moment for company: until as many are here as are expected, or the time is over. */
export class Company {
  readonly #present: () => number;
  readonly #expected: () => number;
  readonly #window: number;
  #enough: (() => void) | undefined;

  constructor({ present, expected, window = 2 }: {
    /** How many are here. */
    present: () => number;
    /** How many could come soon; those who are here count. */
    expected: () => number;
    /** Milliseconds to wait at most. */
    window?: number;
  }) {
    this.#present = present;
    this.#expected = expected;
    this.#window = window;
  }

  /** To be called when somebody came. */
  arrived(): void {
    if (this.#all) this.#enough?.();
  }

  /** Resolves at once where nobody else is expected, so that one alone never waits. */
  async wait(): Promise<void> {
    // What one request asks for at once is here after the code that asks has run.
    await undefined;
    if (this.#all) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#window);
    this.#enough = resolve;
    await promise;
    clearTimeout(timer);
    this.#enough = undefined;
  }

  get #all(): boolean {
    return this.#present() >= this.#expected();
  }
}

/** Lets the event loop turn once, so that requests which have come meanwhile are taken in. */
export function turn(): Promise<void> {
  const { setImmediate } = globalThis;
  return new Promise((resolve) => setImmediate ? setImmediate(resolve) : setTimeout(resolve, 0));
}
