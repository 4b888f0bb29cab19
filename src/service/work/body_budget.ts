import { RequestError } from "../request_error.ts";

/** What one request holds. Disposing it gives the bytes back. */
export interface Held extends Disposable {
  /** Counts bytes that were received, or that a copy takes. Throws `RequestError` with 503 if there is no room for them. */
  add(bytes: number): void;
  /** The body has arrived: from now on it is not given up. */
  received(): void;
}

/**
 * Limits the bytes of the bodies of all requests together. If there are too many, of the bodies that are still being sent the
 * largest is given up, so that those who send slowly and much do not shut out others.
 */
export class BodyBudget {
  readonly #limit: number;
  #bytes = 0;
  readonly #receiving: Set<Body> = new Set();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that requests hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to count a body. `giveUp` is called with an error if its bytes are needed by others. */
  hold(giveUp: (reason: RequestError) => void): Held {
    const body: Body = { bytes: 0, giveUp };
    this.#receiving.add(body);
    return {
      add: (bytes) => {
        this.#bytes += bytes;
        body.bytes += bytes;
        while (this.#bytes > this.#limit) {
          const largest = this.#largest() ?? body;
          this.#release(largest);
          if (largest === body) throw this.#tooMany();
          largest.giveUp(this.#tooMany());
        }
      },
      received: () => this.#receiving.delete(body),
      [Symbol.dispose]: () => this.#release(body),
    };
  }

  #largest(): Body | undefined {
    let largest: Body | undefined;
    for (const body of this.#receiving) if (body.bytes > (largest?.bytes ?? -1)) largest = body;
    return largest;
  }

  #release(body: Body): void {
    this.#receiving.delete(body);
    this.#bytes -= body.bytes;
    body.bytes = 0;
  }

  #tooMany(): RequestError {
    return new RequestError(503, "too_many_bytes", {
      message: `Expected at most ${this.#limit} bytes of bodies at once (limit maxBufferedBytes)`,
      headers: { "retry-after": "1", "connection": "close" },
    });
  }
}

interface Body {
  bytes: number;
  readonly giveUp: (reason: RequestError) => void;
}
