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

/** The reason why a call of the file system failed, as part of an error message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, name, message } = error as Error & { code?: string };
  return reasons[code ?? ""] ?? reasons[name] ?? message;
}
