import { CheckpointError } from "../tensor/errors.ts";
import { type ByteSource, checkRange } from "./byte_source.ts";
import { reasonOf } from "./reason.ts";

/** The bytes of an open file, which is closed when the source is disposed. */
export class FileSource implements ByteSource {
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
    // A file has a single position, so that reads must not overlap.
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
