import { context, type Span, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import { version } from "../../version.ts";
import { traceParent } from "./trace_parent.ts";

/** The spans of one request: a root span, and a child span for each phase. */
export class RequestSpans {
  readonly #tracer: Tracer;
  readonly #root: Span;
  readonly #method: string;

  /** `traceparent` is the header of that name, which names the trace that the request belongs to. */
  constructor(method: string, { requestId, traceparent }: { requestId: string; traceparent?: string }) {
    this.#method = method;
    this.#tracer = trace.getTracer("voken", version);
    this.#root = this.#tracer.startSpan(method, {
      kind: SpanKind.SERVER,
      attributes: { "http.request.method": method, "voken.request_id": requestId },
    }, traceParent(traceparent));
  }

  /** The id of the trace, if there is a tracer. */
  get traceId(): string | undefined {
    const { traceId } = this.#root.spanContext();
    return /[^0]/.test(traceId) ? traceId : undefined;
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

  /** Ends the root span. Refusals are no errors. */
  end({ route, status, failed }: { route: string; status: number; failed: boolean }): void {
    this.#root.updateName(`${this.#method} ${route}`);
    this.#root.setAttributes({ "http.route": route, "http.response.status_code": status });
    if (failed) this.#root.setStatus({ code: SpanStatusCode.ERROR });
    this.#root.end();
  }
}
