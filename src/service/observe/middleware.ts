import { getLogger, type Logger } from "@logtape/logtape";
import type { Context, MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { asRequestError, errorResponse } from "../http/error_response.ts";
import type { Env } from "../parts.ts";
import { clientGone, type RequestError } from "../request_error.ts";
import type { Metrics } from "./metrics.ts";
import { RequestSpans } from "./spans.ts";

/** The logger of the service. It writes nothing until the application configures LogTape. */
export const logger: Logger = getLogger(["voken", "service"]);

/**
 * Logs, counts and traces each request once, when its response has been sent, or its client has left. Must run after the
 * middleware that sets the request's id.
 */
export function observe(metrics: Metrics): MiddlewareHandler<Env> {
  return async (c, next) => {
    const start = performance.now(), { method } = c.req, requestId = c.get("requestId");
    const spans = new RequestSpans(method, { requestId, traceparent: c.req.header("traceparent") });
    c.set("spans", spans);
    c.set("client", "unknown");
    try {
      await next();
    } catch (thrown) {
      // Hono hands to its error handler only what is an Error.
      c.set("failure", thrown);
      c.res = errorResponse(c, asRequestError(thrown));
    }
    const { status } = c.res;
    // The pattern of the last handler: a path from the client must not become a label.
    const route = status === 404 || status === 405 ? "unknown" : routePath(c, -1);
    void ended(c).then((cut) => {
      const milliseconds = performance.now() - start, error = cut ?? c.get("failure");
      const refusal = error === undefined ? undefined : asRequestError(error);
      const status = refusal?.status ?? c.res.status, failed = isFailure(status, refusal);
      metrics.request({ method, route, status, seconds: milliseconds / 1000 });
      spans.end({ route, status, failed });
      logger[failed ? "error" : "info"]("{method} {route} {status} {milliseconds} ms", {
        ...{ method, route, status, milliseconds: Math.round(10 * milliseconds) / 10 },
        ...{ client: c.get("client"), requestId, traceId: spans.traceId, code: refusal?.code },
        ...failed && { error: detailsOf(error) },
      });
    });
  };
}

/** What the service is not to blame for: clients that leave, a queue that is full, a service that stops. */
function isFailure(status: number, error: RequestError | undefined): boolean {
  return status >= 500 && !["draining", "too_many_bytes"].includes(error?.code ?? "");
}

/** Resolves when the response has been sent; to an error if that was cut short. */
async function ended(c: Context<Env>): Promise<unknown> {
  const streamed = c.get("streamed"), { outgoing } = (c.env ?? {}) as NodeBindings;
  const cut = streamed ? await streamed : undefined;
  if (!outgoing) return cut ?? (c.req.raw.signal.aborted ? clientGone() : undefined);
  if (!outgoing.closed && !outgoing.writableFinished) {
    await new Promise<void>((resolve) => {
      outgoing.once("close", resolve);
      outgoing.once("finish", resolve);
    });
  }
  return cut ?? (outgoing.writableFinished ? undefined : clientGone());
}

/** What the adapter of `node:http` gives. */
interface NodeBindings {
  readonly outgoing?: {
    readonly closed: boolean;
    readonly writableFinished: boolean;
    once(event: "close" | "finish", listener: () => void): void;
  };
}

function detailsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `; caused by ${detailsOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
