import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { ArgumentError, BackendError, ImageError, NumericError } from "../../tensor/errors.ts";
import type { Env } from "../parts.ts";
import { type ErrorStatus, RequestError, unprocessable } from "../request_error.ts";

/** Converts an error to an error response. Unexpected errors become 500 without details. */
export function asRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof ArgumentError) return unprocessable("invalid_request", error.message);
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
    cause: error,
  });
}

/** The response for an error. */
export function errorResponse(c: Context<Env>, { status, code, message, headers }: RequestError): Response {
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  return c.json({ error: { code, message, requestId: c.get("requestId") } }, status);
}
