import { getLogger, type Logger } from "@logtape/logtape";
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Env } from "../parts.ts";
import type { Metrics } from "./metrics.ts";
import { RequestSpans } from "./spans.ts";

/** The logger of the service. It writes nothing until the application configures LogTape. */
export const logger: Logger = getLogger(["voken", "service"]);

/** Logs, counts and traces each request. Must run after the middleware that sets the request's id. */
export function observe(metrics: Metrics): MiddlewareHandler<Env> {
  return async (c, next) => {
    const start = performance.now();
    const { method } = c.req;
    const spans = new RequestSpans(method, { requestId: c.get("requestId") });
    c.set("spans", spans);
    c.set("client", "unknown");
    await next();
    const { status } = c.res;
    // The pattern of the last handler: a path from the client must not become a label.
    const route = status === 404 || status === 405 ? "unknown" : routePath(c, -1);
    const finish = () => {
      const milliseconds = performance.now() - start;
      metrics.request({ method, route, status, seconds: milliseconds / 1000 });
      spans.end({ route, status });
      logger.info("{method} {route} {status} {milliseconds} ms", {
        method,
        route,
        status,
        milliseconds: Math.round(10 * milliseconds) / 10,
        client: c.get("client"),
        requestId: c.get("requestId"),
      });
    };
    const streamed = c.get("streamed");
    if (streamed) void streamed.then(finish);
    else finish();
  };
}
