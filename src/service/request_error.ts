/** Status codes of error responses. */
// deno-fmt-ignore
export type ErrorStatus =
  | 400 | 401 | 403 | 404 | 405 | 406 | 408 | 413 | 415 | 421 | 429 | 499 | 500 | 503 | 504;

/** An error response. Code and message are sent to the client and must not contain paths or stack traces. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: ErrorStatus;
  /** A stable identifier of the error in `snake_case`. */
  readonly code: string;
  /** The field or option of the request that is at fault. */
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ErrorStatus,
    code: string,
    { message, param, headers = {}, cause }: {
      message: string;
      param?: string;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.param = param;
    this.headers = headers;
  }

  /** What the log shows: the error that led to this one, or itself. */
  get reason(): Error {
    return this.cause instanceof Error ? this.cause : this;
  }
}

/** The request contains an invalid value, of the field or option `param`: 400. */
export function badRequest(code: string, message: string, param?: string): RequestError {
  return new RequestError(400, code, { message, param });
}

/** The client has left before it was answered: 499, which only logs and metrics see. */
export function clientGone(): RequestError {
  return new RequestError(499, "client_closed_request", { message: "The client has left" });
}

/** A limit is exceeded: 413. */
export function tooLarge(code: string, { limit, most, got }: {
  limit: string;
  most: string;
  got: string;
}): RequestError {
  return new RequestError(413, code, { message: `Expected at most ${most} (limit ${limit}), got ${got}` });
}
