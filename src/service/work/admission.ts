import { RequestError } from "../request_error.ts";

/** Limits the number of requests that are queued or running, and stops admitting requests when the service stops. */
export class Admission {
  readonly #limit: number;
  #admitted = 0;
  /** Number of admitted requests whose work has begun. */
  started = 0;
  #draining = false;
  #empty: PromiseWithResolvers<void> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of admitted requests, queued or running. */
  get admitted(): number {
    return this.#admitted;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Throws `RequestError` with 503 while draining, and with 429 while the limit is reached. */
  check(): void {
    if (this.#draining) {
      throw new RequestError(503, "draining", {
        message: "The service is stopping",
        headers: { "retry-after": "5", "connection": "close" },
      });
    }
    if (this.#admitted >= this.#limit) {
      throw new RequestError(429, "queue_full", {
        message: `Expected at most ${this.#limit} requests at once (limit maxRequests)`,
        headers: { "retry-after": "1" },
      });
    }
  }

  /** Admits a request until the result is disposed. Throws as `check` does. */
  enter(): Disposable {
    this.check();
    this.#admitted++;
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#admitted--;
        if (this.#admitted === 0) this.#empty?.resolve();
      },
    };
  }

  /** Stops admitting requests. Resolves when all admitted ones are done. */
  drain(): Promise<void> {
    this.#draining = true;
    this.#empty ??= Promise.withResolvers<void>();
    if (this.#admitted === 0) this.#empty.resolve();
    return this.#empty.promise;
  }
}
