import { callback, cancellable, flag, type Kinds } from "../tensor/options.ts";
import { NetworkError } from "../tensor/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import type { Cache, CachePath } from "./cache/cache.ts";
import { isOffline } from "./cache/folder.ts";
import { openCache } from "./cache/open_cache.ts";
import { type Body, gather, isStrong, openBody, readBody } from "./http/body.ts";
import { HttpSource } from "./http/http_source.ts";
import { type HttpFile, shown } from "./http/request.ts";
import { MemorySource } from "./memory_source.ts";
import { checkDigest } from "./sha256.ts";

/** The largest file that is held in memory to check its digest, in bytes. */
const maxInMemory = 32e6;

/** A file that can be fetched and kept. */
export interface RemoteFile extends HttpFile {
  /** Where it is in the cache. */
  readonly path: CachePath;
  /** Its digest, if known. It is checked, and a file of this digest in the cache is used without asking a server. */
  readonly sha256?: string;
  /** What distinguishes this version from others, if known before the server is asked. */
  readonly version?: string;
  /** Number of bytes, if known. */
  readonly size?: number;
}

/** How far the download of a file has come, in bytes. */
export interface FetchProgress {
  /** The name of the file. */
  readonly file: string;
  /** Bytes that are there, with those of earlier attempts. */
  readonly loaded: number;
  /** Bytes of the file; infinite if the server does not say it. */
  readonly total: number;
}

/** How files are fetched. */
export interface FetchOptions {
  /** Ends the download when it is aborted. What was fetched is there for the next time. */
  readonly signal?: AbortSignal;
  /** Told how many bytes of a file are there. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /**
   * Whether files are fetched as a whole and kept in the cache (default), or only the parts that are read, each time,
   * by range requests.
   */
  readonly cache?: boolean;
}

/** The kinds of `FetchOptions`. */
export const fetchKinds: Kinds<FetchOptions> = { ...cancellable, onProgress: callback, cache: flag };

/**
 * Opens a file that is kept in the cache or fetched. A server is asked whether the file was changed, unless its
 * version is known; if the server cannot be reached, what is in the cache is used. Where nothing can be kept, the
 * parts that are read are fetched.
 *
 * Throws `NetworkError` if the file cannot be had, `CheckpointError` if it does not have its digest, `FileError` if
 * the disk is full.
 */
export async function fetchSource(file: RemoteFile, options: FetchOptions = {}): Promise<ByteSource> {
  const cache = await openCache(), version = file.sha256 ?? file.version;
  const kept = version === undefined ? undefined : await cache?.open(file.path, version);
  if (kept) return kept;
  if (isOffline()) {
    const newest = version === undefined ? await cache?.open(file.path) : undefined;
    if (newest) return newest;
    throw new NetworkError(`Cannot fetch ${shown(file.url)}`, {
      expected: "a network, or the file in the cache",
      got: "VOKEN_OFFLINE, and no such file in the cache",
      hint: "fetch it once with voken pull, without VOKEN_OFFLINE",
    });
  }
  const { cache: isKept = true, ...rest } = options;
  if (!isKept || !cache) return await pass(file, rest);
  return await keep(file, { ...rest, cache, version }) ?? await pass(file, rest);
}

/** Fetches a file into the cache, if the cache does not have it. Resolves to `undefined` if it cannot be kept there. */
async function keep(
  file: RemoteFile,
  { cache, version, signal, onProgress }: { cache: Cache; version?: string } & Omit<FetchOptions, "cache">,
): Promise<ByteSource | undefined> {
  let body: Body | undefined;
  if (version === undefined) {
    try {
      body = await openBody(file, { signal });
    } catch (error) {
      // A server that says no is believed; one that cannot be reached does not matter if the file is here.
      const newest = error instanceof NetworkError && error.status === undefined &&
        await cache.open(file.path);
      if (newest) return newest;
      throw error;
    }
  }
  const served = body?.version;
  const sha256 = file.sha256 ?? linkedDigest(body);
  const checked = sha256 !== undefined, size = file.size ?? body?.size;
  const source = await cache.store(file.path, version ?? sha256 ?? served ?? `${Date.now()}`, {
    size,
    sha256,
    resumable: checked || version !== undefined || isStrong(served),
    async *from(start) {
      if (start > 0 || !body) {
        await body?.answer.response.body?.cancel();
        body = await openBody(file, { start, version: checked ? undefined : served, signal });
      }
      const first = body;
      body = undefined;
      yield* readBody(file, { start, body: first, checked, signal });
    },
    onBytes: (loaded) => onProgress?.(downloaded(file, loaded, size)),
    signal,
  });
  // What was there already was not read.
  await body?.answer.response.body?.cancel();
  return source;
}

/** Opens a file of which nothing is kept. A short one that has a digest is fetched as a whole, so that it can be checked. */
async function pass(file: RemoteFile, { signal, onProgress }: FetchOptions): Promise<ByteSource> {
  const { size, sha256 } = file;
  if (sha256 === undefined || size === undefined || size > maxInMemory) {
    return await HttpSource.open(file, { signal });
  }
  const body = await openBody(file, { signal });
  const chunks = readBody(file, { start: 0, body, checked: true, signal });
  const bytes = await gather(chunks, {
    size: body.size,
    onBytes: (loaded) => onProgress?.(downloaded(file, loaded, size)),
  });
  const source = new MemorySource(bytes, shown(file.url));
  await checkDigest(source, sha256);
  return source;
}

function downloaded({ path }: RemoteFile, loaded: number, total = Infinity): FetchProgress {
  return { file: path.at(-1)!, loaded, total };
}

/** The digest of a large file, which the hub names where it redirects to the file itself. */
function linkedDigest(body: Body | undefined): string | undefined {
  const etags = body?.answer.redirects.map((headers) => headers.get("x-linked-etag")) ?? [];
  return etags.map((etag) => /^"?([0-9a-f]{64})"?$/.exec(etag ?? "")?.[1]).find((digest) => digest);
}
