import { RequestError } from "../request_error.ts";
import { logger } from "../observe/middleware.ts";

/** Wrong tokens of one address in a minute, unless the rate limit is lower. */
const defaultMost = 60;
const minute = 60_000;
/** Addresses that are remembered. */
const mostAddresses = 10_000;

/** Counts the wrong tokens that come from each address, and refuses addresses with too many for the rest of a minute. */
export class WrongTokens {
  readonly #most: number;
  readonly #counts: Map<string, { count: number; until: number }> = new Map();

  constructor(rateLimit: number = defaultMost) {
    this.#most = Math.min(rateLimit, defaultMost);
  }

  /** Throws `RequestError` with 429 for an address that sent too many. */
  check(address: string): void {
    const { count, until } = this.#counts.get(address) ?? { count: 0, until: 0 };
    const left = until - performance.now();
    if (count < this.#most || left <= 0) return;
    throw new RequestError(429, "rate_limited", {
      message: `Expected fewer wrong tokens: at most ${this.#most} a minute`,
      headers: { "retry-after": `${Math.ceil(left / 1000)}` },
    });
  }

  /** Counts one, and logs its address. */
  add(address: string): void {
    logger.warn("wrong bearer token from {address}", { address });
    const now = performance.now(), known = this.#counts.get(address);
    if (known && known.until > now) known.count++;
    else this.#counts.set(address, { count: 1, until: now + minute });
    if (this.#counts.size > mostAddresses) this.#counts.delete(this.#counts.keys().next().value!);
  }
}
