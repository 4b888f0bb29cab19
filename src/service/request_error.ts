/** Status codes of error responses. */
// deno-fmt-ignore
export type ErrorStatus =
  | 400 | 401 | 403 | 404 | 405 | 406 | 408 | 413 | 415 | 422 | 429 | 500 | 503 | 504;

/** An error response. Code and message are sent to the client and must not contain paths or stack traces. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: ErrorStatus;
  /** A stable identifier of the error in `snake_case`. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ErrorStatus,
    code: string,
    { message, headers = {}, cause }: {
      message: string;
      headers?: Readonly<Record<string, string>>;
      cause?: unknown;
    },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The request contains an invalid value: 422. */
export function unprocessable(code: string, message: string): RequestError {
  return new RequestError(422, code, { message });
}

/** A limit is exceeded: 413. */
export function tooLarge(code: string, { limit, most, got }: {
  limit: string;
  most: string;
  got: string;
}): RequestError {
  return new RequestError(413, code, { message: `Expected at most ${most} (limit ${limit}), got ${got}` });
}
