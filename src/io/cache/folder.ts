import { environment, permitted, platform } from "../host.ts";

/**
 * The folder where downloads are kept: `VOKEN_CACHE`, or `voken` in the platform's folder for caches. `undefined` where
 * neither is known.
 */
export function cacheFolder(): string | undefined {
  const own = environment("VOKEN_CACHE");
  if (own) return own;
  const system = platform();
  const below = (variable: string, path = "") => {
    const folder = environment(variable);
    return folder && `${folder}${path}/voken`;
  };
  if (system === "win32") return below("LOCALAPPDATA");
  if (system === "darwin") return below("HOME", "/Library/Caches");
  return below("XDG_CACHE_HOME") ?? below("HOME", "/.cache");
}

/** Whether Deno lets the program read and write a folder. It is not asked for what it was not given. */
export function isOpen(folder: string): boolean {
  return permitted({ name: "read", path: folder }) && permitted({ name: "write", path: folder });
}

/** Whether only the cache may be used, because `VOKEN_OFFLINE` is set. */
export function isOffline(): boolean {
  return !/^(0|false|)$/i.test(environment("VOKEN_OFFLINE") ?? "");
}
