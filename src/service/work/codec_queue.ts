/** Seconds in which what a client used counts half. */
const halfLife = 10;

interface Waiting {
  readonly client: string;
  readonly begin: () => void;
}

/**
 * Who decodes and encodes next, on a number of threads. The client that has used the least time of late is first, so that files that
 * take long delay their own client. One thread, where there are several, is for small files alone.
 */
export class CodecQueue {
  readonly #threads: number;
  /** Threads that are used: for small files, and for others. */
  readonly #running = { small: 0, large: 0 };
  readonly #waiting: { readonly small: Waiting[]; readonly large: Waiting[] } = { small: [], large: [] };
  /** Milliseconds of late, at a time. */
  readonly #used: Map<string, { milliseconds: number; at: number }> = new Map();

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** Resolves when there is a thread, which disposing the result gives back. Rejects with the signal's reason. */
  async enter({ client, size, signal }: {
    client: string;
    size: "small" | "large";
    signal: AbortSignal;
  }): Promise<Disposable> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Waiting = { client, begin: resolve }, queue = this.#waiting[size];
    const leave = () => {
      const at = queue.indexOf(entry);
      if (at >= 0) queue.splice(at, 1);
      reject(signal.reason);
    };
    signal.addEventListener("abort", leave, { once: true });
    queue.push(entry);
    this.#next();
    await promise.finally(() => signal.removeEventListener("abort", leave));
    const start = performance.now();
    return {
      [Symbol.dispose]: () => {
        this.#running[size]--;
        const milliseconds = this.#usedBy(client) + performance.now() - start;
        // The time of those who were not seen for long is forgotten.
        this.#used.delete(client);
        this.#used.set(client, { milliseconds, at: performance.now() });
        if (this.#used.size > 1000) this.#used.delete(this.#used.keys().next().value!);
        this.#next();
      },
    };
  }

  #next(): void {
    const { small, large } = this.#running;
    if (small + large >= this.#threads) return;
    const forLarge = Math.max(1, this.#threads - 1) - large;
    const size = this.#waiting.small.length > 0 ? "small" : "large", queue = this.#waiting[size];
    if (queue.length === 0 || (size === "large" && forLarge <= 0)) return;
    const used = queue.map(({ client }) => this.#usedBy(client)), first = used.indexOf(Math.min(...used));
    const [{ begin }] = queue.splice(first, 1) as [Waiting];
    this.#running[size]++;
    begin();
    this.#next();
  }

  #usedBy(client: string): number {
    const { milliseconds, at } = this.#used.get(client) ?? { milliseconds: 0, at: 0 };
    return milliseconds * 2 ** ((at - performance.now()) / 1000 / halfLife);
  }
}
