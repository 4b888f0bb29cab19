import { builtin } from "../host.ts";
import type { Cache } from "./cache.ts";
import { cacheFolder, isOpen } from "./folder.ts";

/** The cache of this host; `undefined` where nothing can be kept, or the program must not. */
export async function openCache(): Promise<Cache | undefined> {
  // Each host fetches the code of its own kind only.
  if (builtin("node:fs/promises")) {
    const folder = cacheFolder();
    if (folder === undefined || !isOpen(folder)) return undefined;
    const { FileCache } = await import("./file_cache.ts");
    return new FileCache(folder);
  }
  // Only pages with a secure context have one. That of edge hosts cannot be listed, and need not be configured.
  if (typeof caches !== "object" || !globalThis.navigator?.storage) return undefined;
  const { PageCache } = await import("./page_cache.ts");
  return new PageCache();
}
