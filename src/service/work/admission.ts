import { RequestError } from "../request_error.ts";

/** Milliseconds after which a body that is still being sent may have to give up its place to another request. */
const bodyPatience = 1000;

/** The place of an admitted request. Disposing it lets another one in. */
export interface Place extends Disposable {
  /** The body has arrived: from now on the place is kept to the end. */
  received(): void;
}

/** A request whose body is awaited. */
interface Receiving {
  readonly since: number;
  giveUp(): void;
}

/**
 * Limits the number of requests that are received, queued or running, and stops admitting requests when the service stops.
 * A request is admitted before its body is read; if there are too many, the one whose body has been awaited for longest
 * makes room.
 */
export class Admission {
  readonly #limit: number;
  #admitted = 0;
  /** In the order of their admission. */
  readonly #receiving: Set<Receiving> = new Set();
  /** Number of admitted requests whose work has begun. */
  started = 0;
  #draining = false;
  #empty: PromiseWithResolvers<void> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of admitted requests: their bodies are awaited, they are queued, or run. */
  get admitted(): number {
    return this.#admitted;
  }

  /** Number of those whose bodies are awaited. */
  get receiving(): number {
    return this.#receiving.size;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Admits a request until the result is disposed. Throws `RequestError` with 503 while draining, and with 429 while the limit is
   * reached. `giveUp` is called with an error if its body takes too long and another request needs the place.
   */
  enter(giveUp: (reason: RequestError) => void): Place {
    if (this.#draining) {
      throw new RequestError(503, "draining", {
        message: "The service is stopping",
        headers: { "retry-after": "5", "connection": "close" },
      });
    }
    if (this.#admitted >= this.#limit && !this.#makeRoom()) {
      throw new RequestError(429, "queue_full", {
        message: `Expected at most ${this.#limit} requests at once (limit maxRequests)`,
        headers: { "retry-after": "1" },
      });
    }
    this.#admitted++;
    let left = false;
    const leave = () => {
      this.#receiving.delete(receiving);
      if (left) return;
      left = true;
      this.#admitted--;
      if (this.#admitted === 0) this.#empty?.resolve();
    };
    const receiving: Receiving = {
      since: performance.now(),
      giveUp: () => {
        leave();
        giveUp(slowBody());
      },
    };
    this.#receiving.add(receiving);
    return { received: () => this.#receiving.delete(receiving), [Symbol.dispose]: leave };
  }

  /** Stops admitting requests. Resolves when all admitted ones are done. */
  drain(): Promise<void> {
    this.#draining = true;
    this.#empty ??= Promise.withResolvers<void>();
    if (this.#admitted === 0) this.#empty.resolve();
    return this.#empty.promise;
  }

  #makeRoom(): boolean {
    const [longest] = this.#receiving;
    if (!longest || performance.now() - longest.since < bodyPatience) return false;
    longest.giveUp();
    return true;
  }
}

function slowBody(): RequestError {
  return new RequestError(408, "slow_body", {
    message: "Expected the whole body sooner: another request needed the place (limit maxRequests)",
    headers: { "connection": "close" },
  });
}
