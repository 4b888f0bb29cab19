import {
  type Context,
  isSpanContextValid,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { version } from "../../version.ts";
import type { Metrics, RequestFacts } from "./metrics.ts";

/** The spans and times of one request: a root span, and a child span for each phase. */
export class RequestSpans {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #context: Context;
  readonly #metrics: Metrics;
  readonly #model: () => string | undefined;

  /** Begins the root span in the context of its parent. */
  constructor(
    method: string,
    { requestId, parent, metrics, model }: {
      requestId: string;
      parent: Context;
      metrics: Metrics;
      /** The model of the request, as soon as it is known. */
      model: () => string | undefined;
    },
  ) {
    this.#tracer = trace.getTracer("voken", version);
    const isNested = trace.getSpan(parent)?.isRecording() ?? false;
    this.#root = this.#tracer.startSpan(method, {
      kind: isNested ? SpanKind.INTERNAL : SpanKind.SERVER,
      attributes: { "http.request.method": method, "voken.request_id": requestId },
    }, parent);
    this.#context = trace.setSpan(parent, this.#root);
    this.#metrics = metrics;
    this.#model = model;
  }

  /** The trace that the request belongs to, if there is one. */
  get traceId(): string | undefined {
    const root = this.#root.spanContext();
    return isSpanContextValid(root) ? root.traceId : undefined;
  }

  /** Starts the span of a phase. Disposing the result ends it. */
  begin(name: string, attributes: Readonly<Record<string, string | number>> = {}): Disposable {
    const start = performance.now();
    const span = this.#tracer.startSpan(name, { attributes }, this.#context);
    let ended = false;
    return {
      [Symbol.dispose]: () => {
        if (ended) return;
        ended = true;
        span.end();
        const seconds = (performance.now() - start) / 1000;
        this.#metrics.phase({ phase: name, model: this.#model(), seconds });
      },
    };
  }

  /** Runs `work` in a span. */
  async phase<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    using _phase = this.begin(name);
    return await work();
  }

  /** Ends the root span. `error` is the reason if the request failed. */
  end({ method, route, status, outcome, model }: RequestFacts, error?: Error): void {
    this.#root.updateName(`${method} ${route}`);
    this.#root.setAttributes({
      "http.route": route,
      "http.response.status_code": status,
      "voken.outcome": outcome,
      ...(model !== undefined && { "voken.model": model }),
    });
    if (outcome === "failed") this.#root.setStatus({ code: SpanStatusCode.ERROR, message: error?.message });
    if (error) this.#root.recordException(error);
    this.#root.end();
  }
}
