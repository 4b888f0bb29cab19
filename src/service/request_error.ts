/** Status codes that requests are refused with. */
export type RefusalStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 406
  | 408
  | 413
  | 415
  | 422
  | 429
  | 500
  | 503
  | 504;

/** A request is refused. Code and message go to the client, so that they never name a path or hold a stack. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: RefusalStatus;
  /** What went wrong, for programs: `snake_case`, never changed once released. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: RefusalStatus,
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

/** The body holds something that does not fit: 422. */
export function unprocessable(code: string, message: string): RequestError {
  return new RequestError(422, code, { message });
}

/** Something is larger than the limit of that name: 413. */
export function tooLarge(code: string, { limit, most, got }: {
  limit: string;
  most: string;
  got: string;
}): RequestError {
  return new RequestError(413, code, { message: `Expected at most ${most} (limit ${limit}), got ${got}` });
}
