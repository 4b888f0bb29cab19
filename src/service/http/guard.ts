import type { MiddlewareHandler } from "hono";
import { rateLimiter } from "hono-rate-limiter";
import type { Env } from "../parts.ts";
import { RequestError } from "../request_error.ts";
import type { Authenticate } from "./auth.ts";
import { checkOrigin } from "./origin.ts";
import type { WrongTokens } from "./wrong_tokens.ts";

/**
 * Identifies the client. Throws `RequestError` with 403 for pages of other sites, with 401 without a valid token, and with 429 for
 * addresses that sent too many wrong ones.
 */
export function guard({ authenticate, wrongTokens, origins }: {
  authenticate: Authenticate;
  wrongTokens: WrongTokens;
  origins: readonly string[];
}): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (c.req.method === "OPTIONS") return await next();
    if (c.req.method !== "GET" && c.req.method !== "HEAD") checkOrigin(c.req.raw, origins);
    const address = c.get("client");
    const authorization = c.req.header("authorization");
    if (authorization !== undefined) wrongTokens.check(address);
    try {
      const identity = await authenticate(authorization);
      if (identity) c.set("client", identity.id);
    } catch (error) {
      if (authorization !== undefined) wrongTokens.add(address);
      throw error;
    }
    await next();
  };
}

/** Limits the requests a minute of each client. Throws `RequestError` with 429 beyond that. */
export function limitRate(perMinute: number): MiddlewareHandler<Env> {
  return rateLimiter<Env>({
    windowMs: 60_000,
    limit: perMinute,
    keyGenerator: (c) => c.get("client"),
    handler: () => {
      throw new RequestError(429, "rate_limited", {
        message: `Expected at most ${perMinute} requests a minute (option rateLimit)`,
        headers: { "retry-after": "60" },
      });
    },
  });
}
