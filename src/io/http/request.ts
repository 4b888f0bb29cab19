import { NetworkError } from "../../tensor/errors.ts";
import { sleep } from "./sleep.ts";

/** A file at an http(s) address. */
export interface HttpFile {
  readonly url: URL;
  /** Bearer token, which only the host of `url` gets: none that it redirects to. */
  readonly token?: string;
}

/** How a request is sent. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A response, with the headers of the redirects that led to it where those may be seen (not in browsers). */
export interface Answer {
  readonly response: Response;
  readonly redirects: readonly Headers[];
}

/** Milliseconds before each further attempt. */
const waits = [100, 400, 1600];
/** The longest wait that a server may ask for, in seconds. */
const maxRetryAfter = 30;
const maxRedirects = 10;
/** Milliseconds that a server may take until its response begins. */
const answerTimeout = 30_000;

/**
 * Sends a GET request. Failed connections and the answers 408, 429 and 5xx are tried again, four times in all; any other
 * status is the caller's to judge.
 *
 * Throws `NetworkError` if the server cannot be reached or the program must not ask it, and the signal's reason.
 */
export async function request(file: HttpFile, options: RequestOptions = {}): Promise<Answer> {
  const { signal } = options;
  for (let attempt = 0;; attempt++) {
    signal?.throwIfAborted();
    let wait = waits[attempt];
    try {
      const answer = await follow(file, options), { response } = answer;
      const passing = response.status === 408 || response.status === 429 || response.status >= 500;
      const asked = Number(response.headers.get("retry-after") ?? 0);
      if (!passing || wait === undefined || asked > maxRetryAfter) return answer;
      if (asked > 0) wait = asked * 1000;
      await response.body?.cancel();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof NetworkError) throw error;
      if (wait === undefined) throw unreachable(file, error);
    }
    await sleep(wait, signal);
  }
}

/** The error for a status that means no. */
export function refusal({ url }: HttpFile, { status, statusText, headers }: Response): NetworkError {
  const reason = headers.get("x-error-message") || statusText;
  return new NetworkError(`Cannot fetch ${shown(url)}`, {
    got: `status ${status}${reason ? ` (${reason})` : ""}`,
    status,
  });
}

/** An address without its query, which may hold secrets. */
export function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}

/** Follows redirects by hand, so that a token stays with its host and the headers on the way are seen. */
async function follow({ url, token }: HttpFile, { headers, signal }: RequestOptions): Promise<Answer> {
  const redirects: Headers[] = [];
  for (let at = url; redirects.length <= maxRedirects;) {
    const init: RequestInit = {
      headers: {
        ...headers,
        "accept-encoding": "identity",
        ...token && at.origin === url.origin && { authorization: `Bearer ${token}` },
      },
    };
    let response = await fetchHead(at, { ...init, redirect: "manual" }, signal);
    // Browsers hide where a redirect leads, and follow it themselves.
    if (response.type === "opaqueredirect") response = await fetchHead(at, init, signal);
    const next = response.status >= 300 && response.status < 400 && response.headers.get("location");
    if (!next) return { response, redirects };
    await response.body?.cancel();
    redirects.push(response.headers);
    at = new URL(next, at);
    if (!/^https?:$/.test(at.protocol)) {
      throw new NetworkError(`Cannot fetch ${shown(url)}`, {
        expected: "a redirect to an http address",
        got: `one to ${at.protocol}`,
      });
    }
  }
  throw new NetworkError(`Cannot fetch ${shown(url)}`, { got: `more than ${maxRedirects} redirects` });
}

/** Fetches with a limit on the time until the response begins, not on that of its body. */
async function fetchHead(url: URL, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(
    () => late.abort(new Error(`no answer within ${answerTimeout / 1000} s`)),
    answerTimeout,
  );
  try {
    return await fetch(url, { ...init, signal: AbortSignal.any([late.signal, ...signal ? [signal] : []]) });
  } catch (error) {
    // Deno's permission may lack for where a redirect leads.
    if (!(error instanceof Error) || !/^(NotCapable|PermissionDenied)$/.test(error.name)) throw error;
    throw new NetworkError(`Cannot fetch ${shown(url)}`, {
      got: "no permission",
      hint: `allow it with --allow-net=${url.host}`,
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

function unreachable({ url }: HttpFile, error: unknown): NetworkError {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return new NetworkError(`Cannot fetch ${shown(url)}`, {
    // Queries may hold secrets, also those of the addresses that redirects lead to.
    got: (cause instanceof Error && cause.message || message).replace(/\?[^\s)]*/g, ""),
    hint: "check the network, or give the path of a file that you have",
    cause: error,
  });
}
