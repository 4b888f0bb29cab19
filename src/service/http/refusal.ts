import type { MiddlewareHandler } from "hono";
import type { Env } from "../parts.ts";
import type { RequestError } from "../request_error.ts";

/** Bindings by which a server has the app refuse a request, so that it is answered, logged and counted as others are. */
export interface Refusing {
  readonly refusal?: RequestError;
}

/** Throws the error with which the server wants a request to be answered. */
export const refuse: MiddlewareHandler<Env> = async (c, next) => {
  const { refusal } = (c.env ?? {}) as Refusing;
  if (refusal) throw refusal;
  await next();
};
