import { builtin } from "../host.ts";
import type { Cache } from "./cache.ts";
import { FileCache } from "./file_cache.ts";
import { cacheFolder, isOpen } from "./folder.ts";
import { PageCache } from "./page_cache.ts";

/** The cache of this host; `undefined` where nothing can be kept, or the program must not. */
export function openCache(): Cache | undefined {
  if (builtin("node:fs/promises")) {
    const folder = cacheFolder();
    return folder !== undefined && isOpen(folder) ? new FileCache(folder) : undefined;
  }
  // Only pages with a secure context have one.
  return typeof caches === "object" ? new PageCache() : undefined;
}
