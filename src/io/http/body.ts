import { NetworkError } from "../../tensor/errors.ts";
import { type Answer, type HttpFile, refusal, request, shown } from "./request.ts";

/** The bytes that are wanted: from `start`, up to but without `end` (default: to the end of the file). */
export interface Range {
  readonly start: number;
  readonly end?: number;
}

/** A response that holds bytes of a file. */
export interface Body {
  /** Where its bytes begin and end. The end is not known if the server does not say it. */
  readonly range: Range;
  /** Bytes of the whole file, if the server says. */
  readonly size?: number;
  /** What tells this version of the file from others, as the server calls it. Weak ones start with `W/`. */
  readonly version?: string;
  readonly answer: Answer;
}

/** What is known of the file whose bytes are wanted. */
export interface Known {
  /** The version of earlier bytes. Those of another are refused. */
  readonly version?: string;
  /** Whether all bytes are checked by a digest in the end, so that a version is not needed. */
  readonly checked?: boolean;
}

/** Milliseconds without a byte after which a connection counts as cut. */
const stall = 60_000;
/** Cut connections in a row, without a byte between them, after which a download is given up. */
const maxCuts = 5;

/**
 * Asks for bytes of a file. A server that knows no ranges answers with the whole file, whose `range.start` is then 0.
 *
 * Throws `NetworkError` if the server refuses, or the file is no longer the `version` that earlier bytes are of.
 */
export async function openBody(
  file: HttpFile,
  { start = 0, end, version, signal }: Partial<Range> & Known & { signal?: AbortSignal } = {},
): Promise<Body> {
  const headers: Record<string, string> = {};
  if (start > 0 || end !== undefined) {
    headers.range = `bytes=${start}-${end === undefined ? "" : end - 1}`;
    // A page must not send this to other sites; there, the version of what comes is compared.
    if (isStrong(version) && isOwnSite(file.url)) headers["if-range"] = version;
  }
  const answer = await request(file, { headers, signal });
  const body = bodyOf(answer), { response } = answer;
  // A page may not see which bytes another site sent, and an empty file has no range. All bytes need no label.
  if (!body && "range" in headers && (response.status === 206 || response.status === 416 && start === 0)) {
    await response.body?.cancel();
    return await openBody(file, { version, signal });
  }
  try {
    if (response.status === 416 && version !== undefined) throw changed(file);
    if (!body) throw refusal(file, response);
    // Some servers answer with a page of their own instead of status 404.
    if (/^text\/html\b/.test(response.headers.get("content-type") ?? "")) {
      throw new NetworkError(`Cannot fetch ${shown(file.url)}`, { got: "a web page", status: 404 });
    }
    if (version !== undefined && body.version !== version) throw changed(file);
    if (body.range.start !== 0 && body.range.start !== start) {
      throw new NetworkError(`Cannot fetch ${shown(file.url)}`, {
        expected: `bytes from ${start}`,
        got: `bytes from ${body.range.start}`,
      });
    }
    return body;
  } catch (error) {
    await response.body?.cancel();
    throw error;
  }
}

/**
 * The bytes of `range` from a response on, which may begin before them. Where the connection is cut, what is left is
 * asked for anew, if the version of the file is known or all is checked in the end.
 *
 * Throws `NetworkError` if the connection is cut again and again, or the file is changed meanwhile.
 */
export async function* readBody(
  file: HttpFile,
  { start, end, signal, checked, ...first }: Range & { body: Body; checked?: boolean; signal?: AbortSignal },
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let { body } = first, at = start, cuts = 0;
  const version = checked ? undefined : body.version, stop = end ?? body.range.end;
  for (;;) {
    try {
      let position = body.range.start;
      for await (const chunk of chunksOf(body, signal)) {
        const from = Math.max(0, at - position), to = Math.min(chunk.length, (stop ?? Infinity) - position);
        position += chunk.length;
        if (from >= to) continue;
        at += to - from;
        cuts = 0;
        yield chunk.subarray(from, to);
        if (at === stop) return;
      }
      if (stop === undefined || at === stop) return;
      throw new Error(`the connection was cut after ${at} of ${stop} bytes`);
    } catch (cause) {
      signal?.throwIfAborted();
      if (++cuts > maxCuts || !checked && !isStrong(version)) {
        throw new NetworkError(`Cannot fetch ${shown(file.url)}`, {
          got: cause instanceof Error ? cause.message : String(cause),
          hint: "try again",
          cause,
        });
      }
    }
    body = await openBody(file, { start: at, end, version, signal });
  }
}

/** Joins chunks, which are held only once if their number of bytes is known. `onBytes` is told how many there are. */
export async function gather(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  { size, onBytes }: { size?: number; onBytes?: (loaded: number) => void } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [], bytes = new Uint8Array(size ?? 0);
  let at = 0;
  for await (const chunk of chunks) {
    if (size === undefined) parts.push(chunk);
    else bytes.set(chunk, at);
    at += chunk.length;
    onBytes?.(at);
  }
  return size === undefined ? new Uint8Array(await new Blob(parts).arrayBuffer()) : bytes;
}

/** Whether a version tells files apart byte by byte. */
export function isStrong(version: string | undefined): version is string {
  return version !== undefined && !version.startsWith("W/");
}

/** The error for a file that another has taken the place of. */
export function changed({ url }: HttpFile): NetworkError {
  return new NetworkError(`Cannot fetch ${shown(url)}`, {
    expected: "the file whose first bytes were fetched",
    got: "another one in its place",
    hint: "load it again",
  });
}

async function* chunksOf(
  { answer: { response } }: Body,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await within(stall, reader.read());
      signal?.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    // Closes the connection if it is not at its end.
    reader.cancel().catch(() => {});
  }
}

async function within<Value>(milliseconds: number, value: Promise<Value>): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`nothing came for ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([value, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a response holds; `undefined` if it is none with bytes, or a part that is not labelled. */
function bodyOf(answer: Answer): Body | undefined {
  const { headers, status, ok } = answer.response;
  const whole = (text: string | null | undefined) => text && /^\d+$/.test(text) ? Number(text) : undefined;
  const version = headers.get("etag") ?? headers.get("last-modified") ?? undefined;
  if (status === 206) {
    const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
    if (size !== undefined) {
      return { answer, version, size: Number(size), range: { start: Number(start), end: Number(end) + 1 } };
    }
  }
  if (!ok || status === 206) return;
  // The length of compressed bytes is not that of the file.
  const encoded = !/^(identity)?$/.test(headers.get("content-encoding") ?? "");
  const size = encoded ? undefined : whole(headers.get("content-length"));
  return { answer, version: encoded ? undefined : version, size, range: { start: 0, end: size } };
}

function isOwnSite({ origin }: URL): boolean {
  return globalThis.location === undefined || globalThis.location.origin === origin;
}
