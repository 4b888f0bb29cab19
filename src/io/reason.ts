import { permitted } from "./host.ts";

/** What errors of the file system mean, by Node's code or the name of Deno's class. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  NotFound: "no such file or folder",
  EEXIST: "a file in the place of a folder",
  AlreadyExists: "a file in the place of a folder",
  ENOTDIR: "a file in the place of a folder",
  NotADirectory: "a file in the place of a folder",
  EACCES: "no permission",
  EPERM: "no permission",
  PermissionDenied: "no permission",
  NotCapable: "no permission",
  ENOSPC: "no space left on the device",
};

/** The reason why a call of the host failed, as part of an error message. It names the flag of Deno that is missing. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, name, message } = error as Error & { code?: string };
  if (name === "NotCapable") return denied(flagOf(message));
  return reasons[code ?? ""] ?? reasons[name] ?? message;
}

/** Why nothing was seen at a path: nothing is there, or Deno may not look. */
export function absence(path: string): string {
  return permitted({ name: "read", path }) ? "no such file or folder" : denied(`--allow-read=${path}`);
}

/** The reason of a call for which a flag of Deno is missing. */
export function denied(flag: string): string {
  return `no permission: run Deno with ${flag}`;
}

/** Whether an error says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code === "ENOENT" || name === "NotFound";
}

/** Whether an error comes from the file system. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error &&
    ("code" in error && typeof error.code === "string" || error.name in reasons);
}

/** The flag that Deno asks for: `Requires read access to "a.png", run again with the --allow-read flag`. */
function flagOf(message: string): string {
  const [, flag = "--allow-all"] = /(--allow-\w+) flag/.exec(message) ?? [];
  const [, place] = /access to "([^",\s]+)"/.exec(message) ?? [];
  return place === undefined || flag === "--allow-all" ? flag : `${flag}=${place}`;
}
