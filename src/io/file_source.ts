import type { FileHandle } from "node:fs/promises";
import { CheckpointError } from "../tensor/errors.ts";
import { type ByteSource, checkRange } from "./byte_source.ts";
import { reasonOf } from "./reason.ts";

/** The most bytes that hosts read at once. */
const mostBytes = 2 ** 30;

/** The bytes of an open file, which is closed when the source is disposed. */
export class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: FileHandle;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: FileHandle, { name, size }: { name: string; size: number }) {
    this.#file = file;
    this.name = name;
    this.size = size;
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    // Deno moves the file's single position, so that reads must not overlap.
    const result = this.#last.then(() => this.#read(offset, length));
    this.#last = result.catch(() => {});
    return result;
  }

  async #read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    const bytes = new Uint8Array(length);
    try {
      for (let done = 0; done < length;) {
        const most = Math.min(length - done, mostBytes);
        const { bytesRead } = await this.#file.read(bytes, done, most, offset + done);
        if (bytesRead === 0) {
          throw new CheckpointError(`Cannot read ${this.name}`, {
            expected: `${this.size} bytes`,
            got: `an end after ${offset + done}`,
            hint: "the file was changed while it was being read",
          });
        }
        done += bytesRead;
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
    await this.#file.close();
  }
}
