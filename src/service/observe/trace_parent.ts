import { type Context, ROOT_CONTEXT, trace } from "@opentelemetry/api";

/** https://www.w3.org/TR/trace-context: version, trace, parent span, flags. */
const pattern = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:$|-)/;

/** The trace that a `traceparent` header continues, whether or not the application registered a propagator. */
export function traceParent(header: string | undefined): Context {
  const [, traceId, spanId, flags] = pattern.exec(header?.trim() ?? "") ?? [];
  if (!traceId || !spanId) return ROOT_CONTEXT;
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}
