/** A file of a `FileServer`, and what goes wrong with it. */
export interface ServedFile {
  bytes: Uint8Array<ArrayBuffer>;
  /** Default: one that changes with the bytes. */
  etag?: string | null;
  type?: string;
  headers?: Readonly<Record<string, string>>;
  /** Answers with the whole file to requests of ranges. */
  noRanges?: boolean;
  /** Cuts as many connections as given, each after so many bytes. */
  cuts?: { times: number; after: number };
  /** Answers with these statuses first. */
  statuses?: number[];
  /** Milliseconds before each quarter of the file. */
  delay?: number;
  /** Leads elsewhere, with these headers. */
  redirect?: { to: string; headers?: Record<string, string> };
  /** Who may read it: those with this header `authorization`. */
  authorization?: string;
}

/** A request that a server got. */
export interface Seen {
  readonly path: string;
  readonly range: string | null;
  readonly ifRange: string | null;
  readonly authorization: string | null;
}

/** A server of files on loopback, which keeps a list of its requests. Disposing it stops it. */
export class FileServer implements AsyncDisposable {
  readonly files: Map<string, ServedFile | (() => Response)> = new Map();
  readonly seen: Seen[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = {
      port: 0,
      hostname: "127.0.0.1",
      onListen() {},
      onError: () => new Response("", { status: 500 }),
    };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The address of a path that starts with a slash. */
  url(path: string): URL {
    return new URL(path, this.origin);
  }

  /** Offers a file at a path. Returns its address. */
  put(path: string, bytes: Uint8Array<ArrayBuffer>, options: Partial<ServedFile> = {}): URL {
    this.files.set(path, { bytes, ...options });
    return this.url(path);
  }

  /** The ranges that were asked for at a path, with any query. */
  ranges(path: string): (string | null)[] {
    return this.seen.filter((seen) => seen.path.split("?")[0] === path).map(({ range }) => range);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url), { headers } = request;
    const range = headers.get("range"), ifRange = headers.get("if-range");
    this.seen.push({ path: pathname + search, range, ifRange, authorization: headers.get("authorization") });
    const file = this.files.get(pathname);
    if (!file) return new Response("no such file", { status: 404 });
    // Browsers ask before they send a range to another site.
    if (request.method === "OPTIONS" && typeof file === "object") {
      const allowed = file.headers && { ...file.headers, "access-control-allow-headers": "range, if-range" };
      return new Response(null, { status: 204, headers: allowed });
    }
    if (typeof file === "function") return file();
    const status = file.statuses?.shift();
    if (status) return new Response("not now", { status });
    if (file.authorization && headers.get("authorization") !== file.authorization) {
      return new Response("not you", { status: 401 });
    }
    if (file.redirect) {
      const { to: location, headers } = file.redirect;
      return new Response(null, { status: 302, headers: { location, ...headers } });
    }
    const { bytes } = file, etag = file.etag === undefined ? await etagOf(bytes) : file.etag;
    const [, start = "0", end = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
    const isPart = range !== null && !file.noRanges && (ifRange === null || ifRange === etag);
    if (isPart && Number(start) >= bytes.length) return new Response(null, { status: 416 });
    const from = isPart ? Number(start) : 0;
    const to = isPart && end ? Math.min(Number(end) + 1, bytes.length) : bytes.length;
    return new Response(bodyOf(file, bytes.subarray(from, to)), {
      status: isPart ? 206 : 200,
      headers: {
        ...file.cuts || file.delay ? { "content-length": `${to - from}` } : {},
        ...etag !== null && { etag },
        ...isPart && { "content-range": `bytes ${from}-${to - 1}/${bytes.length}` },
        "content-type": file.type ?? "application/octet-stream",
        ...file.headers,
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function bodyOf(file: ServedFile, bytes: Uint8Array<ArrayBuffer>): BodyInit {
  const { cuts, delay } = file;
  if (cuts && cuts.times > 0 && bytes.length > cuts.after) {
    cuts.times--;
    let sent = false;
    return new ReadableStream({
      async pull(controller) {
        if (!sent) controller.enqueue(bytes.subarray(0, cuts.after));
        else {
          // What was sent arrives before the end.
          await new Promise((resolve) => setTimeout(resolve, 30));
          controller.error(new Error("cut"));
        }
        sent = true;
      },
    });
  }
  if (!delay) return bytes;
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      const next = at + Math.ceil(bytes.length / 4);
      controller.enqueue(bytes.subarray(at, at = next));
      if (at >= bytes.length) controller.close();
    },
  });
}

async function etagOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return `"${(await digestOf(bytes)).slice(0, 16)}"`;
}

/** An address on loopback where nothing answers. */
export function nowhere(path: string): URL {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return new URL(path, `http://127.0.0.1:${listener.addr.port}`);
}

/** The SHA-256 digest of bytes in hexadecimal digits. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Bytes that look random and are the same each time. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
