import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  propagation,
  type Span,
  type SpanContext,
  trace,
} from "@opentelemetry/api";

/**
 * The context of the span that a request belongs to: that of the span which the host began for it, else of the one that its
 * headers name, by the propagators of the application or by W3C's `traceparent` where it has none.
 */
export function traceContextOf(headers: Headers, bindings: unknown): Context {
  const active = context.active();
  if (trace.getSpan(active)) return active;
  const hosts = spanOfDeno(bindings);
  if (hosts) return trace.setSpan(active, hosts);
  const extracted = propagation.extract(active, headers, {
    get: (headers, name) => headers.get(name) ?? undefined,
    keys: (headers) => [...headers.keys()],
  });
  if (trace.getSpanContext(extracted)) return extracted;
  const parent = parseTraceparent(headers);
  return parent ? trace.setSpanContext(active, parent) : active;
}

/**
 * The span that Deno begins for each request of `node:http` with `OTEL_DENO=true`. Deno does not make it the active one and
 * keeps it under a symbol of its own; where that changes, both spans still continue the trace of the client.
 */
function spanOfDeno(bindings: unknown): Span | undefined {
  const { outgoing } = (bindings ?? {}) as { outgoing?: object };
  if (!outgoing) return;
  const key = Object.getOwnPropertySymbols(outgoing).find(({ description }) => description === "kOtelSpan");
  const span = key && (outgoing as Record<symbol, Span | null | undefined>)[key];
  return typeof span?.spanContext === "function" ? span : undefined;
}

/** The parent that W3C's headers `traceparent` and `tracestate` name (https://www.w3.org/TR/trace-context). */
function parseTraceparent(headers: Headers): SpanContext | undefined {
  const [, version, traceId, spanId, flags, more] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(headers.get("traceparent") ?? "") ??
      [];
  if (!version || !traceId || !spanId || !flags || version === "ff" || version === "00" && more) return;
  const state = headers.get("tracestate");
  const parent: SpanContext = {
    traceId,
    spanId,
    traceFlags: parseInt(flags, 16),
    isRemote: true,
    ...(state !== null && { traceState: createTraceState(state) }),
  };
  return isSpanContextValid(parent) ? parent : undefined;
}
