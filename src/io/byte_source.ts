import { CheckpointError } from "../tensor/errors.ts";

/** Random access to bytes, so that large files do not have to be in memory as a whole. */
export interface ByteSource extends AsyncDisposable {
  /** The path of the file, or `bytes`. */
  readonly name: string;
  /** Number of bytes. */
  readonly size: number;
  /**
   * Reads `length` bytes from `offset` into new memory, aligned to 8 bytes. Concurrent reads are served in order.
   * Throws `CheckpointError` if the source ends before that.
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Throws `CheckpointError` if a range of bytes is not within a source. */
export function checkRange({ name, size }: ByteSource, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new CheckpointError(`Cannot read ${name}`, {
      expected: `${length} bytes from byte ${offset}`,
      got: `a file of ${size} bytes`,
    });
  }
}
