import { context, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import { version } from "../../version.ts";

/** The spans of one request: a root span, and a child span for each phase. */
export class RequestSpans {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #method: string;

  constructor(method: string, { requestId }: { requestId: string }) {
    this.#method = method;
    this.#tracer = trace.getTracer("voken", version);
    this.#root = this.#tracer.startSpan(method, {
      kind: SpanKind.SERVER,
      attributes: { "http.request.method": method, "voken.request_id": requestId },
    });
  }

  /** Starts the span of a phase. Disposing the result ends it. */
  begin(name: string, attributes: Readonly<Record<string, string | number>> = {}): Disposable {
    const parent = trace.setSpan(context.active(), this.#root);
    const span = this.#tracer.startSpan(name, { attributes }, parent);
    return { [Symbol.dispose]: () => span.end() };
  }

  /** Runs `work` in a span. */
  async phase<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    using _phase = this.begin(name);
    return await work();
  }

  /** Ends the root span. */
  end({ route, status }: { route: string; status: number }): void {
    this.#root.updateName(`${this.#method} ${route}`);
    this.#root.setAttributes({ "http.route": route, "http.response.status_code": status });
    if (status >= 500) this.#root.setStatus({ code: SpanStatusCode.ERROR });
    this.#root.end();
  }
}
