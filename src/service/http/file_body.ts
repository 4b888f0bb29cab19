import type { Context } from "hono";
import type { ServerResponse } from "node:http";
import type { Env } from "../parts.ts";
import { asRequestError } from "./error_response.ts";

/**
 * The body of a response that is read while it is sent. If reading fails, the connection is cut off, by which the client sees that
 * something is missing, and the request counts as failed. The adapter of `node:http` would write the error on the console.
 */
export function fileBody(c: Context<Env>, file: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = file.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        c.set("failure", asRequestError(error));
        const { outgoing } = (c.env ?? {}) as { outgoing?: ServerResponse };
        if (!outgoing) return controller.error(error);
        outgoing.destroy();
      }
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
