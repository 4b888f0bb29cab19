import { RequestError } from "../request_error.ts";

/** Counts requests: how many may be inside at once, and whether any more are let in. */
export class Admission {
  readonly #most: number;
  #inside = 0;
  /** Requests inside whose work has begun. */
  started = 0;
  #draining = false;
  #empty: PromiseWithResolvers<void> | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Requests inside: at work or waiting. */
  get inside(): number {
    return this.#inside;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Refuses with 503 while draining, and with 429 while full. */
  check(): void {
    if (this.#draining) {
      throw new RequestError(503, "draining", {
        message: "The service is stopping",
        headers: { "retry-after": "5", "connection": "close" },
      });
    }
    if (this.#inside >= this.#most) {
      throw new RequestError(429, "queue_full", {
        message: `Expected at most ${this.#most} requests at once (limit maxRequests)`,
        headers: { "retry-after": "1" },
      });
    }
  }

  /** Lets a request in until the result is disposed. Refuses as `check` does. */
  enter(): Disposable {
    this.check();
    this.#inside++;
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#inside--;
        if (this.#inside === 0) this.#empty?.resolve();
      },
    };
  }

  /** Lets nobody in any more; resolves when everybody has left. */
  drain(): Promise<void> {
    this.#draining = true;
    this.#empty ??= Promise.withResolvers<void>();
    if (this.#inside === 0) this.#empty.resolve();
    return this.#empty.promise;
  }
}
