import { getLogger, type Logger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { addressOf } from "../http/address.ts";
import { asRequestError, errorResponse } from "../http/error_response.ts";
import type { Env } from "../parts.ts";
import type { RequestError } from "../request_error.ts";
import type { Metrics, Outcome, RequestFacts } from "./metrics.ts";
import { responseEnd } from "./response_end.ts";
import { RequestSpans } from "./spans.ts";
import { traceContextOf } from "./trace_context.ts";

/** The logger of the service. It writes nothing until the application configures LogTape. */
export const logger: Logger = getLogger(["voken", "service"]);

/** Methods that may become labels; others count together. */
const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Logs, counts and traces each request once, when its response is over. Must run after the middleware that sets the request's
 * id.
 */
export function observe(
  metrics: Metrics,
  { trustProxy }: { trustProxy: boolean },
): MiddlewareHandler<Env> {
  return async (c, next) => {
    const start = performance.now(), requestId = c.get("requestId");
    const method = methods.has(c.req.method) ? c.req.method : "other";
    const model = () => c.get("model"), parent = traceContextOf(c.req.raw.headers, c.env);
    const spans = new RequestSpans(method, { requestId, parent, metrics, model });
    c.set("spans", spans);
    c.set("client", addressOf(c.req.raw, { bindings: c.env, trustProxy }));
    const end = responseEnd(c.env);
    try {
      await next();
    } catch (thrown) {
      // Hono hands to its error handler only what is an Error.
      c.set("failure", asRequestError(thrown));
      c.res = errorResponse(c, c.get("failure")!);
    }
    const answered = c.res.status, streamed = c.get("streamed");
    // The pattern of the last handler: a path from the client must not become a label.
    const route = answered === 404 || answered === 405 ? "unknown" : routePath(c, -1);
    const finish = (wasSent: boolean, cut: RequestError | undefined) => {
      const failure = cut ?? c.get("failure");
      const status = statusOf(answered, { failure, wasSent });
      const outcome = outcomeOf(status, failure), seconds = (performance.now() - start) / 1000;
      const facts = { method, route, status, outcome, model: model(), seconds };
      metrics.request(facts);
      spans.end(facts, outcome === "failed" ? failure?.reason : undefined);
      log(facts, { failure, client: c.get("client"), requestId, traceId: spans.traceId });
    };
    if (end || streamed) {
      void Promise.all([end, streamed]).then(([wasSent = true, cut]) => finish(wasSent, cut));
    } else finish(true, undefined);
  };
}

/** The status that says what happened: a stream may fail, and a client may leave, after the one that was sent. */
function statusOf(
  answered: number,
  { failure, wasSent }: { failure: RequestError | undefined; wasSent: boolean },
): number {
  const status = failure?.status ?? answered;
  return wasSent || status >= 500 ? status : 499;
}

function outcomeOf(status: number, failure: RequestError | undefined): Outcome {
  if (status < 400) return "served";
  if (status === 499) return "left";
  // Without a cause a 503 is the service's own choice: it stops or is full.
  return status < 500 || status === 503 && failure?.cause === undefined ? "refused" : "failed";
}

function log(
  { method, route, status, outcome, model, seconds }: RequestFacts,
  { failure, ...ids }: {
    failure: RequestError | undefined;
    client: string;
    requestId: string;
    traceId: string | undefined;
  },
): void {
  const milliseconds = Math.round(10_000 * seconds) / 10;
  // Of a client that has left, it does not matter what it would have been told.
  const code = failure?.status === status ? failure.code : undefined;
  const facts = { method, route, status, outcome, model, milliseconds, code, ...ids };
  const message = "{method} {route} {status} {milliseconds} ms";
  if (outcome === "failed") logger.error(`${message}: {error}`, { ...facts, error: failure?.reason });
  else logger.info(message, facts);
}
