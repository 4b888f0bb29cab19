import { unfit } from "../tensor/describe.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { concat } from "./concat.ts";

/** Bytes that come in pieces and are read from front to back: each read forgets what lies before its offset. */
export class StreamSource implements AsyncDisposable {
  readonly name: string;
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** The bytes that are kept, and where they begin. */
  #kept: Uint8Array = new Uint8Array();
  #start = 0;

  constructor(pieces: AsyncIterable<Uint8Array>, { name }: { name: string }) {
    this.name = name;
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Reads `length` bytes into new memory. Throws `CheckpointError` if the stream ends before. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.peek(offset, length);
    if (bytes.length === length) return bytes;
    throw new CheckpointError(`Cannot read ${this.name}`, {
      expected: `${length} bytes from byte ${offset}`,
      got: `the end after ${this.#start + bytes.length}`,
      hint: "the file is truncated; fetch it again",
    });
  }

  /** Reads up to `length` bytes into new memory: fewer where the stream ends before. */
  async peek(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const parts = [this.#kept.subarray(offset - this.#start)];
    let end = this.#start + this.#kept.length;
    while (end < offset + length) {
      const { value, done } = await this.#pieces.next();
      if (done) break;
      if (!(value instanceof Uint8Array)) throw unfit(`Cannot read ${this.name}`, "pieces of bytes", value);
      parts.push(value.subarray(Math.max(0, offset - end)));
      end += value.length;
    }
    this.#kept = parts.length === 1 ? parts[0]! : concat(parts);
    this.#start = Math.min(offset, end);
    return new Uint8Array(this.#kept.subarray(0, length));
  }

  /** Ends the stream: what has not been read is not asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pieces.return?.();
  }
}
