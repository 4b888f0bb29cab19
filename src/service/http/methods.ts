import type { Context } from "hono";
import type { App, Env } from "../parts.ts";
import { RequestError } from "../request_error.ts";

/**
 * The answer where no route is found: to `OPTIONS` 204 with `Allow`. Throws `RequestError` with 405 for a method that the address
 * does not have, and with 404 for an address that does not exist. Call it when the app has all its routes.
 */
export function otherRequests(app: App): (c: Context<Env>) => Response {
  const routes = app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => ({
    method,
    // Parameters of a path match what has no slash.
    pattern: new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/:\w+/g, "[^/]+")}$`),
  }));
  return (c) => {
    const there = routes.filter(({ pattern }) => pattern.test(c.req.path)).map(({ method }) => method);
    if (there.length === 0) {
      throw new RequestError(404, "not_found", {
        message: "Expected the address of an endpoint, see /openapi.json",
      });
    }
    const methods = new Set([...there, ...there.includes("GET") ? ["HEAD"] : [], "OPTIONS"]);
    const headers = { allow: [...methods].join(", ") };
    if (c.req.method === "OPTIONS") return c.body(null, 204, headers);
    throw new RequestError(405, "method_not_allowed", { message: `Expected ${headers.allow}`, headers });
  };
}
