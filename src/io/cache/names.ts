import type { CachePath } from "./cache.ts";

/** Longest name of a file that all file systems take, less what is put around names. */
const maxName = 200;

/** A text as the name of a file on any system. A long one is cut, and ends in a checksum. */
export function fileNameOf(text: string): string {
  const name = encodeURIComponent(text.toWellFormed())
    .replace(/[*!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
    // The names . and .. are folders, and Windows drops a dot at the end.
    .replace(/\.$|^\.+$/g, (dots) => "%2E".repeat(dots.length));
  return name.length <= maxName ? name : `${name.slice(0, maxName - 8)}+${checksum(name)}`;
}

/** The FNV-1a checksum of a text in seven digits. */
function checksum(text: string): string {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return (sum >>> 0).toString(36).padStart(7, "0");
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
