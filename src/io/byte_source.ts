import { CheckpointError } from "../tensor/errors.ts";

/** Bytes that are read by ranges, so that a file is never in memory as a whole. */
export interface ByteSource extends AsyncDisposable {
  /** The path of the file, or `bytes`. */
  readonly name: string;
  /** Bytes altogether. */
  readonly size: number;
  /**
   * Reads `length` bytes from `offset` into memory that is the caller's own and aligned to 8. Reads at the same
   * time are served one after the other. Throws `CheckpointError` where the source ends before that.
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Opens a file by path or `file:` URL, a `Blob`, or bytes in memory.
 *
 * Throws `CheckpointError` where there is no such file, where it may not be read, and where it is a folder.
 */
export async function openSource(source: string | URL | Blob | Uint8Array): Promise<ByteSource> {
  if (source instanceof Uint8Array) return new MemorySource(source);
  if (source instanceof Blob) return new BlobSource(source);
  const name = nameOf(source);
  if (source instanceof URL && source.protocol !== "file:") {
    throw new CheckpointError(`Cannot open ${name}`, {
      expected: "a local file",
      got: `a ${source.protocol} address`,
      hint: "download it first, then give its path or its bytes",
    });
  }
  let file: Deno.FsFile | undefined;
  try {
    file = await Deno.open(source, { read: true });
    const { isFile, isDirectory, size } = await file.stat();
    if (isFile) return new FileSource(file, { name, size });
    file.close();
    throw new CheckpointError(`Cannot open ${name}`, {
      expected: "a file",
      got: isDirectory ? "a folder" : "a device or pipe",
    });
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`Cannot open ${name}`, {
      expected: "a file that can be read",
      got: reasonOf(error),
      cause: error,
    });
  }
}

/**
 * Serves short reads near each other from one longer read. What is read is the window's, not the caller's own.
 */
export function windowed(source: ByteSource, bytes = 16384): Pick<ByteSource, "name" | "read"> {
  let start = 0, window: Uint8Array<ArrayBuffer> = new Uint8Array();
  return {
    name: source.name,
    async read(offset, length) {
      if (offset < start || offset + length > start + window.length) {
        window = await source.read(offset, Math.max(length, Math.min(bytes, source.size - offset)));
        start = offset;
      }
      return window.subarray(offset - start, offset - start + length);
    },
  };
}

/** How errors name a source. */
export function nameOf(source: string | URL | Blob | Uint8Array): string {
  if (typeof source === "string") return source;
  if (source instanceof URL) {
    return source.protocol === "file:" ? decodeURIComponent(source.pathname) : source.href;
  }
  return source instanceof File && source.name ? source.name : "bytes";
}

/** What a failed call of the file system says, in the words of an error message. */
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

function checkRange({ name, size }: ByteSource, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new CheckpointError(`Cannot read ${name}`, {
      expected: `${length} bytes from byte ${offset}`,
      got: `a file of ${size} bytes`,
    });
  }
}

class MemorySource implements ByteSource {
  readonly name = "bytes";
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      checkRange(this, offset, length);
      // The constructor, not slice(): the copy of a subclass or of shared memory must be plain memory.
      return Promise.resolve(new Uint8Array(this.#bytes.subarray(offset, offset + length)));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
    this.name = nameOf(blob);
    this.size = blob.size;
  }

  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    return new Uint8Array(await this.#blob.slice(offset, offset + length).arrayBuffer());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: Deno.FsFile;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: Deno.FsFile, { name, size }: { name: string; size: number }) {
    this.#file = file;
    this.name = name;
    this.size = size;
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    // A file has one position, so that reads must not cross.
    const result = this.#last.then(() => this.#read(offset, length));
    this.#last = result.catch(() => {});
    return result;
  }

  async #read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    try {
      await this.#file.seek(offset, Deno.SeekMode.Start);
      for (let done = 0; done < length;) {
        const count = await this.#file.read(bytes.subarray(done));
        if (count === null) {
          throw new CheckpointError(`Cannot read ${this.name}`, {
            expected: `${this.size} bytes`,
            got: `an end after ${offset + done}`,
            hint: "the file was changed while it was being read",
          });
        }
        done += count;
      }
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw new CheckpointError(`Cannot read ${this.name}`, {
        expected: `${length} bytes from byte ${offset}`,
        got: reasonOf(error),
        cause: error,
      });
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    this.#file.close();
  }
}
