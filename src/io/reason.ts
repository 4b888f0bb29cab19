/** The reason why a call of the file system failed, as part of an error message. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file or folder";
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return "a file in the place of a folder";
  }
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "no permission";
  }
  if (error instanceof Error && "code" in error && error.code === "ENOSPC") {
    return "no space left on the device";
  }
  return error instanceof Error ? error.message : String(error);
}
