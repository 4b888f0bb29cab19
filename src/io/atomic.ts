import { FileError } from "../tensor/errors.ts";
import { reasonOf } from "./reason.ts";

/** The functions of the file system that are used. Tests pass functions that fail. */
export type FileSystem = Pick<typeof Deno, "open" | "rename" | "remove" | "stat" | "realPath">;

/** Options of atomic writing. */
export interface AtomicOptions {
  /** Where files are written; default: Deno's file system. */
  fileSystem?: FileSystem;
}

/**
 * Writes a file so that `path` holds either the old content or the new, never a mixture. `write` fills a temporary file
 * in the same folder, which is synced to disk and renamed; then the folder is synced.
 *
 * Links are followed. A device or pipe (`/dev/stdout`) cannot be replaced and is written directly. After a failure the
 * temporary file is removed. Throws `FileError` for errors of the file system, and the errors of `write`.
 */
export async function writeAtomic(
  path: string | URL,
  write: (file: Deno.FsFile) => Promise<void>,
  { fileSystem = Deno }: AtomicOptions = {},
): Promise<void> {
  const name = path instanceof URL ? decodeURIComponent(path.pathname) : path;
  try {
    const target = await resolveTarget(name, fileSystem);
    await (target.replace ? replace : fill)(target.path, write, fileSystem);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new FileError(`Cannot write ${name}`, {
      got: reasonOf(error),
      hint: "an existing file is unchanged",
      cause: error,
    });
  }
}

/** Writes a whole file atomically. Throws as `writeAtomic` does. */
export async function writeFileAtomic(
  path: string | URL,
  bytes: Uint8Array,
  options?: AtomicOptions,
): Promise<void> {
  await writeAtomic(path, (file) => writeAll(file, bytes), options);
}

/** Writes all of `bytes`. A single call of `write` may write fewer. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

async function resolveTarget(
  path: string,
  fileSystem: FileSystem,
): Promise<{ path: string; replace: boolean }> {
  let info: Deno.FileInfo;
  try {
    info = await fileSystem.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { path, replace: true };
    throw error;
  }
  if (info.isDirectory) {
    throw new FileError(`Cannot write ${path}`, { expected: "the name of a file", got: "a folder" });
  }
  // Renaming would replace the link, not the file that it leads to.
  return info.isFile ? { path: await fileSystem.realPath(path), replace: true } : { path, replace: false };
}

async function fill(
  path: string,
  write: (file: Deno.FsFile) => Promise<void>,
  fileSystem: FileSystem,
): Promise<void> {
  using file = await fileSystem.open(path, { write: true });
  await write(file);
}

async function replace(
  path: string,
  write: (file: Deno.FsFile) => Promise<void>,
  fileSystem: FileSystem,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  const file = await fileSystem.open(temporary, { write: true, createNew: true });
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      file.close();
    }
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await fileSystem.remove(temporary).catch(() => {});
    throw error;
  }
  try {
    await syncFolder(folderOf(path), fileSystem);
  } catch (cause) {
    throw new FileError(`Cannot sync ${path} to disk`, {
      got: reasonOf(cause),
      hint: "the file was written but may be lost if the power fails now",
      cause,
    });
  }
}

/** Brings a rename to the disk. Windows has no way to, and needs none. */
async function syncFolder(path: string, fileSystem: FileSystem): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await fileSystem.open(path, { read: true });
  await folder.sync();
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end + 1);
}

/** Whether an error comes from the file system. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error &&
    ("code" in error && typeof error.code === "string" ||
      Object.values(Deno.errors).some((kind) => error instanceof kind));
}
