import { nextTurn } from "./event_loop.ts";

/** How work takes its turn. */
export interface TurnOptions {
  /** Rejects the call if it is aborted before the work begins; from then on the work must watch it itself. */
  readonly signal?: AbortSignal;
  /** How long the work takes, in any unit. It may go first in the pauses of work that takes much longer. */
  readonly cost?: number;
}

interface Turn {
  readonly cost: number;
}

/**
 * Mutual exclusion: work runs one piece after the other, in the order of the calls. Long work may pause, to let short
 * work that waits go first.
 */
export class Mutex {
  /** The first one runs, the others wait. */
  readonly #queue: Turn[] = [];
  /** One that waited and runs in a pause of the first. */
  #guest: Turn | undefined;
  /** Since when the first one has worked without a pause. */
  #since = 0;
  /** Wake those who wait. Each waits for a promise of its own, which may outlive the request that began what it waits for. */
  readonly #waiting: (() => void)[] = [];

  /** Runs `work` when its turn has come. Rejects with the signal's reason, or with what `work` throws. */
  async run<T>(work: () => T | Promise<T>, { signal, cost = Infinity }: TurnOptions = {}): Promise<T> {
    const turn: Turn = { cost };
    this.#queue.push(turn);
    const leave = () => this.#change();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await this.until(() => this.#queue[0] === turn || this.#guest === turn || signal?.aborted === true);
      signal?.throwIfAborted();
      if (this.#guest !== turn) this.#since = performance.now();
      return await work();
    } finally {
      signal?.removeEventListener("abort", leave);
      this.#queue.splice(this.#queue.indexOf(turn), 1);
      if (this.#guest === turn) this.#guest = undefined;
      this.#change();
    }
  }

  /** Resolves when all earlier work has ended. Later work waits until the lock is disposed. Rejects as `run` does. */
  lock(signal?: AbortSignal): Promise<Disposable> {
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.run(() => {
      resolve({ [Symbol.dispose]: release });
      return released;
    }, { signal }).catch(reject);
    return promise;
  }

  /** Whether work that costs at most `cost` waits. What runs in a pause itself has no guests. */
  hasGuests(cost: number): boolean {
    return this.#guests(cost).length > 0;
  }

  /**
   * Lets work go first that costs at most `cost`: all that waits, then what comes meanwhile, the shortest first, for as
   * long as the caller, whose turn it is, has worked since its last pause.
   */
  async pause(cost: number): Promise<void> {
    const worked = performance.now() - this.#since;
    for (const guest of this.#guests(cost)) await this.#invite(guest);
    for (const end = performance.now() + worked; performance.now() < end;) {
      // Who waited for a guest may have more.
      await nextTurn();
      const [guest] = this.#guests(cost).sort((a, b) => a.cost - b.cost);
      if (!guest) break;
      await this.#invite(guest);
    }
    this.#since = performance.now();
  }

  /** Resolves when `holds()`. */
  protected async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #guests(cost: number): Turn[] {
    return this.#guest ? [] : this.#queue.filter((turn, i) => i > 0 && turn.cost <= cost);
  }

  /** Lets work run in a pause, unless it was given up. */
  async #invite(guest: Turn): Promise<void> {
    if (!this.#queue.includes(guest)) return;
    this.#guest = guest;
    this.#change();
    await this.until(() => this.#guest !== guest);
  }

  #change(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
