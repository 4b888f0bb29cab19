import type { Context } from "hono";
import type { Env } from "../parts.ts";

/**
 * Whether the client has what this entity tag names, so that 304 answers it. Proxies that compress make tags weak, and clients may
 * list several.
 */
export function isCurrent(c: Context<Env>, etag: string): boolean {
  const tags = (c.req.header("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
