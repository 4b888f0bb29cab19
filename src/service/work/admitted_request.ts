import type { Context } from "hono";
import type { Env, Parts } from "../parts.ts";
import { type BodyOptions, readBody } from "../http/body.ts";
import { clientGone, RequestError } from "../request_error.ts";
import type { Place } from "./admission.ts";
import type { Held } from "./body_budget.ts";
import type { Job } from "./job.ts";

/** A request for model work, from its admission, before its body is read, to its response. Disposing it frees its place. */
export class AdmittedRequest implements Disposable {
  readonly #c: Context<Env>;
  readonly #place: Place;
  readonly #held: Held;
  readonly #controller: AbortController = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #parts: Parts;
  readonly #onDisconnect: () => void;
  #started = false;

  /** Admits a request. Throws `RequestError` as `Admission.enter` does. */
  constructor(c: Context<Env>, parts: Parts) {
    this.#c = c;
    this.#parts = parts;
    const giveUp = (reason: RequestError) => this.#controller.abort(reason);
    this.#place = parts.admission.enter(giveUp);
    this.#held = parts.bodies.hold(giveUp);
    const { deadline } = parts.limits;
    this.#timer = setTimeout(() => {
      this.#controller.abort(
        new RequestError(504, "deadline_exceeded", {
          message: `Expected to finish within ${deadline} ms (limit deadline)`,
        }),
      );
    }, deadline);
    const { signal } = c.req.raw;
    this.#onDisconnect = () => this.#controller.abort(clientGone());
    if (signal.aborted) this.#onDisconnect();
    signal.addEventListener("abort", this.#onDisconnect, { once: true });
  }

  /** Aborted at the deadline, and when the client disconnects. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Who asked, and how the work is cancelled. */
  get job(): Job {
    return { client: this.#c.get("client"), signal: this.signal };
  }

  /** Cancels the work, for example when the reader of a stream has disconnected. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Reads the body, which counts against the budget until the request ends. Throws as `readBody` does. */
  async readBody(options: Pick<BodyOptions, "most" | "limit">): Promise<Uint8Array<ArrayBuffer>> {
    const onBytes = (bytes: number) => this.#held.add(bytes);
    const owned = "incoming" in (this.#c.env ?? {}), { signal } = this;
    const body = await readBody(this.#c.req.raw, { ...options, onBytes, owned, signal });
    this.#place.received();
    this.#held.received();
    // While it is taken apart there is a copy of it.
    this.#held.add(body.length);
    return body;
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
        ...this.job,
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
    this.#held[Symbol.dispose]();
    this.#place[Symbol.dispose]();
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#parts.admission.started++;
  }
}
