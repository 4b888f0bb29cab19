import { CheckpointError, FileError } from "../tensor/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import { files, pathOf } from "./host.ts";
import { FileSource } from "./file_source.ts";
import { BlobSource, MemorySource } from "./memory_source.ts";
import { reasonOf } from "./reason.ts";

/**
 * Opens a file by path or `file:` URL, a `Blob`, or bytes in memory.
 *
 * Throws `CheckpointError` if the file does not exist, cannot be read, or is a folder.
 */
export async function openSource(source: string | URL | Blob | Uint8Array): Promise<ByteSource> {
  if (source instanceof Uint8Array) return new MemorySource(source);
  if (source instanceof Blob) return new BlobSource(source, { name: nameOf(source) });
  const name = nameOf(source);
  if (source instanceof URL && source.protocol !== "file:") {
    throw new CheckpointError(`Cannot open ${name}`, {
      expected: "a local file",
      got: `a ${source.protocol} address`,
      hint: "download it first, then give its path or its bytes",
    });
  }
  try {
    const file = await files().open(source);
    const info = await file.stat();
    if (info.isFile()) return new FileSource(file, { name, size: info.size });
    await file.close();
    throw new CheckpointError(`Cannot open ${name}`, {
      expected: "a file",
      got: info.isDirectory() ? "a folder" : "a device or pipe",
    });
  } catch (error) {
    if (error instanceof CheckpointError || error instanceof FileError) throw error;
    throw new CheckpointError(`Cannot open ${name}`, {
      expected: "a file that can be read",
      got: reasonOf(error),
      cause: error,
    });
  }
}

/** The name of a source in errors. */
export function nameOf(source: string | URL | Blob | Uint8Array): string {
  if (typeof source === "string") return source;
  if (source instanceof URL) {
    return source.protocol === "file:" ? pathOf(source) : source.href;
  }
  return source instanceof File && source.name ? source.name : "bytes";
}
