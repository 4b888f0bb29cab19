import type { Context } from "hono";
import type { Env, Parts } from "../parts.ts";
import { RequestError } from "../request_error.ts";
import type { Errand } from "./tokenizer_batcher.ts";

/** One request for a model's work, from its admission to its answer. */
export class Task implements Disposable {
  readonly #c: Context<Env>;
  readonly #slot: Disposable;
  readonly #controller: AbortController = new AbortController();
  readonly #arrival: number = performance.now();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #parts: Parts;
  readonly #onLeave: () => void;
  #started = false;

  /** Refuses as `Admission.enter` does. */
  constructor(c: Context<Env>, parts: Parts) {
    this.#c = c;
    this.#parts = parts;
    this.#slot = parts.admission.enter();
    const { deadline } = parts.limits;
    this.#timer = setTimeout(() => {
      this.#controller.abort(
        new RequestError(504, "deadline_exceeded", {
          message: `Expected to finish within ${deadline} ms (limit deadline)`,
        }),
      );
    }, deadline);
    const { signal } = c.req.raw;
    this.#onLeave = () => this.#controller.abort(signal.reason);
    if (signal.aborted) this.#onLeave();
    signal.addEventListener("abort", this.#onLeave, { once: true });
  }

  /** Aborted at the deadline, and when the client leaves. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the work early, for a stream whose reader has left. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Runs a phase of the work, with a span of its own. */
  async phase<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.signal.throwIfAborted();
    return await this.#c.get("spans").phase(name, work);
  }

  /** Runs a phase that waits in a queue first; the wait has a span too. */
  async queued<Result>(name: string, work: (errand: Errand) => Promise<Result>): Promise<Result> {
    const spans = this.#c.get("spans");
    const wait = spans.begin("queue");
    let phase: Disposable | undefined;
    try {
      return await work({
        client: this.#c.get("client"),
        signal: this.signal,
        onStart: () => {
          wait[Symbol.dispose]();
          phase ??= spans.begin(name);
          this.#start();
        },
      });
    } finally {
      if (phase) phase[Symbol.dispose]();
      else wait[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#c.req.raw.signal.removeEventListener("abort", this.#onLeave);
    if (this.#started) this.#parts.admission.started--;
    this.#started = false;
    this.#slot[Symbol.dispose]();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#parts.admission.started++;
    this.#parts.metrics.queued((performance.now() - this.#arrival) / 1000);
  }
}
