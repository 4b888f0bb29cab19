import type { BitReader } from "./jpeg_bits.ts";

/** Writes bits of entropy-coded data. */
export class BitWriter {
  readonly #bytes: Uint8Array;
  #length = 0;
  #bits = 0;
  #count = 0;

  /** `most` is the most bytes that will be written, without those that are stuffed. */
  constructor(most: number) {
    this.#bytes = new Uint8Array(2 * most + 2);
  }

  /** Writes the lowest `count` bits of `value`, at most 16. */
  write(value: number, count: number): void {
    this.#bits = this.#bits << count | value;
    for (this.#count += count; this.#count >= 8; this.#count -= 8) {
      const byte = this.#bits >>> (this.#count - 8) & 255;
      this.#bytes[this.#length++] = byte;
      if (byte === 0xff) this.#bytes[this.#length++] = 0;
    }
  }

  /** Copies what a reader has read since it was at `from`. */
  copy(reader: BitReader, from: number): void {
    for (let at = from; at < reader.at; at += 16) {
      const count = Math.min(16, reader.at - at);
      this.write(reader.peek(count, at), count);
    }
  }

  /** Fills the last byte, and writes a restart marker. */
  restart(number: number): void {
    this.#fill();
    this.#bytes[this.#length++] = 0xff;
    this.#bytes[this.#length++] = 0xd0 + number;
  }

  /** All that was written. */
  finish(): Uint8Array {
    this.#fill();
    return this.#bytes.subarray(0, this.#length);
  }

  #fill(): void {
    if (this.#count > 0) this.write(0xff >> this.#count, 8 - this.#count);
  }
}
