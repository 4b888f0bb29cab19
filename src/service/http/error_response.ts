import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ArgumentError, BackendError, ImageError, NumericError } from "../../tensor/errors.ts";
import { describe } from "../../tensor/describe.ts";
import type { Env } from "../parts.ts";
import { badRequest, type ErrorStatus, RequestError } from "../request_error.ts";

/** Converts an error to an error response. Unexpected errors become 500 without details. */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof ArgumentError) return ofArgument(error);
  // Files are decoded before they come to a model, which refuses images for which memory lacks.
  if (error instanceof ImageError) {
    return new RequestError(413, "image_too_large", { message: error.message, cause: error });
  }
  if (error instanceof BackendError || error instanceof NumericError) {
    return new RequestError(503, "model_failed", {
      message: "Cannot run the model now; try again",
      headers: { "retry-after": "1" },
      cause: error,
    });
  }
  if (error instanceof HTTPException) {
    return new RequestError(error.status as ErrorStatus, "refused", {
      message: error.message,
      cause: error,
    });
  }
  return new RequestError(500, "internal_error", {
    message: "Cannot answer because of an internal error",
    cause: error instanceof Error
      ? error
      : new TypeError(`Expected an Error to be thrown, got ${describe(error)}`),
  });
}

/** Options of the library that requests name otherwise. */
const fields: Readonly<Record<string, string>> = { topK: "top_k", topP: "top_p", classIds: "prompt" };

/** The error for an argument that the library refused, with the names of requests. */
function ofArgument({ subject, message }: ArgumentError): RequestError {
  const name = /: (\w+)$/.exec(subject)?.[1];
  if (name === undefined) return badRequest("invalid_request", message);
  const field = fields[name] ?? name;
  return badRequest("invalid_request", message.replace(`: ${name}:`, `: ${field}:`), field);
}

/** The response for an error, in the form of OpenAI's API. */
export function errorResponse(c: Context<Env>, error: RequestError): Response {
  for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
  // Hono's types do not know 499, which nobody receives.
  return c.json(errorBodyOf(error, c.get("requestId")), error.status as 500);
}

/** The body of an error response. */
export function errorBodyOf(
  { status, code, message, param }: RequestError,
  requestId: string,
): { error: { message: string; type: string; param: string | null; code: string }; requestId: string } {
  return { error: { message, type: typeOf(status), param: param ?? null, code }, requestId };
}

/** The types of errors in OpenAI's API, which clients map to classes. */
function typeOf(status: ErrorStatus): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}
