import type { CacheEntry, CachePath } from "../io/cache/cache.ts";
import { openCache } from "../io/cache/open_cache.ts";
import { formatHub, hubPath, hubPrefix, parseHub } from "./hub_place.ts";
import { shippedPath } from "./shipped.ts";

/** A file of a model that was downloaded. */
export interface CachedFile {
  /** What it is loaded from; the file of a shipped model is `name/file`. */
  readonly source: string;
  readonly bytes: number;
  /** Whether all of it is there. A download that was cut goes on when the model is loaded. */
  readonly complete: boolean;
  readonly date: Date;
  readonly path: string;
}

/** The files that were downloaded. */
export async function cachedFiles(): Promise<CachedFile[]> {
  return (await (await openCache())?.list() ?? []).map(fileOf);
}

/** Removes what was downloaded of a model: a file, or all files below. Resolves to what was removed. */
export async function removeCached(source: string): Promise<CachedFile[]> {
  const cache = await openCache(), removed: CachedFile[] = [];
  const wanted = source.startsWith(hubPrefix) ? formatHub(parseHub(source)) : source;
  for (const entry of await cache?.list() ?? []) {
    const file = fileOf(entry);
    if (file.source !== wanted && !file.source.startsWith(`${wanted.replace(/\/$/, "")}/`)) continue;
    await cache!.remove(entry);
    removed.push(file);
  }
  return removed;
}

function fileOf({ path, size, isPart, date, place }: CacheEntry): CachedFile {
  return { source: sourceOf(path), bytes: size, complete: !isPart, date, path: place };
}

function sourceOf([kind, ...names]: CachePath): string {
  if (kind === shippedPath) return names.join("/");
  if (kind === hubPath) {
    const [owner, name, revision, ...file] = names as [string, string, string, ...string[]];
    return formatHub({ owner, name, revision, file: file.join("/") });
  }
  const query = names.at(-1)!.startsWith("?") ? names.pop()! : "";
  return `${kind}://${names.map((name, i) => i === 0 ? name : encodeURIComponent(name)).join("/")}${query}`;
}
