import type { CachePath } from "./cache.ts";

/** Longest name of a file that all file systems take, less what is put around names. */
const maxName = 200;

/** A text as the name of a file on any system. */
export function fileNameOf(text: string): string {
  return encodeURIComponent(text)
    .replace(/[*!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    // The names . and .. are folders, and Windows drops a dot at the end.
    .replace(/\.$|^\.+$/g, (dots) => "%2E".repeat(dots.length))
    .slice(0, maxName);
}

/** The text of a name that `fileNameOf` made. */
export function textOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // It was cut within an escape.
    return name;
  }
}

/** The path of a file at an http(s) address. */
export function pathOfUrl({ protocol, host, pathname, search }: URL): CachePath {
  const names = pathname.split("/").filter((name) => name !== "").map(textOf);
  return [protocol.slice(0, -1), host, ...names, ...search ? [search] : []];
}
