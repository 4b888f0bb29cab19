import { later } from "../io/host.ts";

/** When memory that is not needed is given back. */
export interface IdleLimits {
  /** Least bytes that are worth it. */
  readonly bytes: number;
  /** Milliseconds for which so much is kept when nothing needs it. */
  readonly time: number;
}

/** Images of about 512×512 need so much, and smaller ones less. */
export const idleLimits: IdleLimits = { bytes: 2 ** 28, time: 2000 };

/** The most bytes that were asked for since they were looked at. */
export class Asked {
  #most = 0;

  add(bytes: number): void {
    this.#most = Math.max(this.#most, bytes);
  }

  take(): number {
    const most = this.#most;
    this.#most = 0;
    return most;
  }
}

/** Does something once large memory was not used for some time. It keeps no process alive. */
export class Idle {
  readonly #act: () => Promise<void>;
  readonly #limits: IdleLimits;
  #due = 0;
  #cancel: (() => void) | undefined;

  /** `act` is to call `isDue` when its turn has come, as the memory may be in use until then. */
  constructor(act: () => Promise<void>, limits: IdleLimits) {
    this.#act = act;
    this.#limits = limits;
  }

  /** Whether nothing has used the memory meanwhile. If something has, `act` will be called again. */
  isDue(): boolean {
    const isDue = performance.now() >= this.#due;
    if (!isDue) this.#wait();
    return isDue;
  }

  /** Work has ended that asked for so many bytes. So many are held now that could be given back. */
  note({ asked, held }: { asked: number; held: number }): void {
    const { bytes, time } = this.#limits;
    if (asked >= bytes) this.#due = performance.now() + time;
    if (held >= bytes) this.#wait();
  }

  /** Does nothing more. */
  end(): void {
    this.#cancel?.();
  }

  #wait(): void {
    const time = Math.max(0, this.#due - performance.now());
    this.#cancel ??= later(time, () => {
      this.#cancel = undefined;
      // What fails leaves the memory as it is.
      this.#act().catch(() => {});
    });
  }
}
