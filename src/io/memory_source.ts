import { type ByteSource, checkRange } from "./byte_source.ts";

/** Bytes in memory. */
export class MemorySource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, name = "bytes") {
    this.name = name;
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      checkRange(this, offset, length);
      // Unlike slice(), the constructor returns plain memory for subclasses and shared memory.
      return Promise.resolve(new Uint8Array(this.#bytes.subarray(offset, offset + length)));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The bytes of a `Blob`. */
export class BlobSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #blob: Blob;

  constructor(blob: Blob, { name }: { name: string }) {
    this.#blob = blob;
    this.name = name;
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
