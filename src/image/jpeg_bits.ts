import { ImageError } from "../tensor/errors.ts";

/** By the next 16 bits: the length of the code that they begin with, times 256, plus its symbol; 0 for no code. */
export type HuffmanTable = Uint16Array;

/** Reads the tables of a DHT segment into `tables`, by class (0 for DC, 1 for AC) times 16 plus number. */
export function readHuffmanTables(body: Uint8Array, tables: Map<number, HuffmanTable>): void {
  for (let at = 0; at + 17 <= body.length;) {
    const table = new Uint16Array(65536), counts = body.subarray(at + 1, at + 17);
    let code = 0, symbol = at + 17;
    for (let length = 1; length <= 16; length++, code <<= 1) {
      for (let i = 0; i < counts[length - 1]!; i++, code++, symbol++) {
        table.fill(length * 256 + (body[symbol] ?? 0), code << (16 - length), (code + 1) << (16 - length));
      }
    }
    tables.set(body[at]!, table);
    at = symbol;
  }
}

/** Reads bits of entropy-coded data. Throws `ImageError` where they end too early. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #bits = 0;
  #count = 0;
  /** Zeros behind the end, which no code may use. */
  #zeros = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `count` bits, at most 16. */
  read(count: number): number {
    const value = this.#peek() >>> (16 - count);
    this.#count -= count;
    if (this.#count < this.#zeros) throw damagedData();
    return value;
  }

  /** The symbol of the next code, and the code. */
  symbol(table: HuffmanTable): { symbol: number; code: number; length: number } {
    const entry = table[this.#peek()]!, length = entry >> 8;
    if (length === 0) throw damagedData();
    return { symbol: entry & 255, code: this.read(length), length };
  }

  /** Goes to the data after a restart marker. */
  restart(): void {
    const { length } = this.#bytes;
    while (this.#at < length && !(this.#bytes[this.#at] === 0xff && this.#bytes[this.#at + 1]! > 0)) {
      this.#at++;
    }
    this.#at += 2;
    this.#bits = this.#count = this.#zeros = 0;
  }

  #peek(): number {
    while (this.#count < 16) {
      const byte = this.#bytes[this.#at], isMarker = byte === 0xff && this.#bytes[this.#at + 1] !== 0;
      if (byte === undefined || isMarker) {
        this.#bits <<= 8;
        this.#zeros += 8;
      } else {
        this.#bits = this.#bits << 8 | byte;
        this.#at += byte === 0xff ? 2 : 1;
      }
      this.#count += 8;
    }
    return this.#bits >>> (this.#count - 16) & 0xffff;
  }
}

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

  /** Fills the last byte, and writes a restart marker. */
  restart(number: number): void {
    this.#fill();
    this.#bytes[this.#length++] = 0xff;
    this.#bytes[this.#length++] = 0xd0 + number % 8;
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

function damagedData(): ImageError {
  return new ImageError("Cannot decode the JPEG image", {
    got: "damaged image data",
    hint: "the file is damaged; fetch it again",
  });
}
