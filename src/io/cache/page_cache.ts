import type { ByteSource } from "../byte_source.ts";
import { BlobSource } from "../memory_source.ts";
import { checkDigest } from "../sha256.ts";
import type { Cache, CacheEntry, CachePath, Content } from "./cache.ts";
import { fileNameOf, textOf } from "./names.ts";

/** Name of the browser's cache. */
const name = "voken";
/** Keys are addresses; nothing is ever fetched from this one. */
const origin = "https://voken.invalid/";
const dateHeader = "x-voken-date";

/**
 * A cache in a browser, by its Cache API: entries appear when they are complete, and are read from the disk. A
 * download that was cut goes on within the page, but not after the page was closed.
 */
export class PageCache implements Cache {
  async open(path: CachePath, version?: string): Promise<ByteSource | undefined> {
    const cache = await caches.open(name);
    const key = version === undefined ? (await this.#entries(path))[0]?.key : keyOf(path, version);
    const response = key && await cache.match(key);
    return response ? new BlobSource(await response.blob(), { name: path.at(-1)! }) : undefined;
  }

  async store(path: CachePath, version: string, content: Content): Promise<ByteSource | undefined> {
    const there = await this.open(path, version);
    if (there) return there;
    const cache = await caches.open(name), key = keyOf(path, version);
    const headers: Record<string, string> = { [dateHeader]: new Date().toISOString() };
    if (content.size !== undefined) headers["content-length"] = `${content.size}`;
    let failure: unknown;
    try {
      await cache.put(key, new Response(streamOf(content, (error) => failure = error), { headers }));
    } catch (error) {
      if (failure) throw failure;
      if (error instanceof DOMException || error instanceof TypeError) return undefined;
      throw error;
    }
    const source = (await this.open(path, version))!;
    try {
      if (content.sha256) await checkDigest(source, content.sha256, { name: path.at(-1)! });
    } catch (error) {
      await cache.delete(key);
      throw error;
    }
    for (const other of await this.#entries(path)) if (other.key !== key) await cache.delete(other.key);
    return source;
  }

  async list(below: CachePath = []): Promise<CacheEntry[]> {
    const prefix = origin + below.map((name) => `${fileNameOf(name)}/`).join("");
    const cache = await caches.open(name);
    const keys = (await cache.keys()).map(({ url }) => url).filter((url) => url.startsWith(prefix));
    const entries = await Promise.all(keys.map(async (url) => {
      const names = url.slice(origin.length).split("/").map(textOf);
      const { headers } = (await cache.match(url))!;
      return {
        path: names.slice(0, -1),
        version: names.at(-1)!.slice(1),
        size: Number(headers.get("content-length") ?? NaN),
        date: new Date(headers.get(dateHeader) ?? 0),
        place: url,
      };
    }));
    return entries.sort((a, b) => a.place < b.place ? -1 : 1);
  }

  async remove({ place }: CacheEntry): Promise<void> {
    await (await caches.open(name)).delete(place);
  }

  /** The versions of a file, the newest first. */
  async #entries(path: CachePath): Promise<(CacheEntry & { key: string })[]> {
    const entries = (await this.list(path)).filter((entry) => entry.path.length === path.length);
    return entries.map((entry) => ({ ...entry, key: entry.place })).sort((a, b) => +b.date - +a.date);
  }
}

function keyOf(path: CachePath, version: string): string {
  return origin + [...path.map(fileNameOf), `@${fileNameOf(version)}`].join("/");
}

/** The content as a stream. Not every browser makes one of an iterator. */
function streamOf({ from, onBytes }: Content, onError: (error: unknown) => void): ReadableStream<Uint8Array> {
  const chunks = from(0)[Symbol.asyncIterator]();
  let loaded = 0;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) return controller.close();
        onBytes(loaded += value.length);
        controller.enqueue(value);
      } catch (error) {
        onError(error);
        controller.error(error);
      }
    },
    cancel: () => void chunks.return?.(),
  });
}
