import type { Context } from "hono";
import type { Env, Parts } from "../parts.ts";
import { RequestError } from "../request_error.ts";
import type { Job } from "./job.ts";

/** A request for model work, from its admission to its response. Disposing it frees its place. */
export class AdmittedRequest implements Disposable {
  readonly #c: Context<Env>;
  readonly #place: Disposable;
  readonly #controller: AbortController = new AbortController();
  readonly #arrival: number = performance.now();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #parts: Parts;
  readonly #onDisconnect: () => void;
  #started = false;

  /** Admits a request. Throws `RequestError` as `Admission.enter` does. */
  constructor(c: Context<Env>, parts: Parts) {
    this.#c = c;
    this.#parts = parts;
    this.#place = parts.admission.enter();
    const { deadline } = parts.limits;
    this.#timer = setTimeout(() => {
      this.#controller.abort(
        new RequestError(504, "deadline_exceeded", {
          message: `Expected to finish within ${deadline} ms (limit deadline)`,
        }),
      );
    }, deadline);
    const { signal } = c.req.raw;
    this.#onDisconnect = () => this.#controller.abort(signal.reason);
    if (signal.aborted) this.#onDisconnect();
    signal.addEventListener("abort", this.#onDisconnect, { once: true });
  }

  /** Aborted at the deadline, and when the client disconnects. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Cancels the work, for example when the reader of a stream has disconnected. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Runs a phase of the work in a span of its own. */
  async phase<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    this.signal.throwIfAborted();
    return await this.#c.get("spans").phase(name, work);
  }

  /** Runs a phase that first waits in a queue. The wait is a span, too. */
  async queued<Result>(name: string, work: (job: Job) => Promise<Result>): Promise<Result> {
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
    this.#c.req.raw.signal.removeEventListener("abort", this.#onDisconnect);
    if (this.#started) this.#parts.admission.started--;
    this.#started = false;
    this.#place[Symbol.dispose]();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#parts.admission.started++;
    this.#parts.metrics.queued((performance.now() - this.#arrival) / 1000);
  }
}
