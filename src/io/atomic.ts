import type { FileHandle } from "node:fs/promises";
import { FileError } from "../tensor/errors.ts";
import { files, pathOf, platform } from "./host.ts";
import { isMissing, isSystemError, reasonOf } from "./reason.ts";

/** The functions of `node:fs/promises` that are used. Tests pass functions that fail. */
export interface FileSystem {
  /** Opens a file to read it (`r`), to write into it (`r+`), or a new one to write it (`wx`). */
  open(path: string, flags: "r" | "r+" | "wx"): Promise<FileHandle>;
  /** Gives a file another name; a file of that name is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  rm(path: string): Promise<void>;
  /** What is at a path; links are followed. */
  stat(path: string): Promise<{ isFile(): boolean; isDirectory(): boolean }>;
  /** The path that a path with links leads to. */
  realpath(path: string): Promise<string>;
}

/** The most bytes that hosts write at once. */
const mostBytes = 2 ** 30;

/** Options of atomic writing. */
export interface AtomicOptions {
  /** Where files are written; default: the host's file system. */
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
  write: (file: FileHandle) => Promise<void>,
  { fileSystem = files() }: AtomicOptions = {},
): Promise<void> {
  const name = pathOf(path);
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
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, mostBytes));
    done += bytesWritten;
  }
}

async function resolveTarget(
  path: string,
  fileSystem: FileSystem,
): Promise<{ path: string; replace: boolean }> {
  let info: Awaited<ReturnType<FileSystem["stat"]>>;
  try {
    info = await fileSystem.stat(path);
  } catch (error) {
    if (isMissing(error)) return { path, replace: true };
    throw error;
  }
  if (info.isDirectory()) {
    throw new FileError(`Cannot write ${path}`, { expected: "the name of a file", got: "a folder" });
  }
  // Renaming would replace the link, not the file that it leads to.
  return info.isFile() ? { path: await fileSystem.realpath(path), replace: true } : { path, replace: false };
}

async function fill(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  fileSystem: FileSystem,
): Promise<void> {
  const file = await fileSystem.open(path, "r+");
  try {
    await write(file);
  } finally {
    await file.close();
  }
}

async function replace(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  fileSystem: FileSystem,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  const file = await fileSystem.open(temporary, "wx");
  try {
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await fileSystem.rm(temporary).catch(() => {});
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
  if (platform() === "win32") return;
  const folder = await fileSystem.open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end + 1);
}
