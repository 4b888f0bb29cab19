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

/** A stretch of entropy-coded data between restart markers, in bits, and the number of the marker before it. */
interface Interval {
  readonly start: number;
  readonly end: number;
  readonly marker: number;
}

/**
 * Reads bits of entropy-coded data. Nothing stops it at the end of an interval, so that not each code has to ask: `left` below
 * zero tells that too many were read.
 */
export class BitReader {
  /** The data without stuffed bytes and markers. */
  readonly #bytes: Uint8Array;
  readonly #intervals: readonly Interval[];
  #interval = 0;
  #at = 0;
  #end: number;

  constructor(data: Uint8Array) {
    const intervals: Interval[] = [], bytes = new Uint8Array(data.length + 8);
    let length = 0, start = 0, marker = -1;
    for (let i = 0; i < data.length; i++) {
      const byte = data[i]!, next = data[i + 1];
      if (byte === 0xff && next !== 0) {
        // Bytes FF may come before a marker, and before what follows the data.
        if (next === 0xff || next === undefined) continue;
        if (next < 0xd0 || next > 0xd7) throw damagedData(`a marker FF ${next.toString(16)} within it`);
        intervals.push({ start, end: length * 8, marker });
        start = length * 8;
        marker = next - 0xd0;
        i++;
        continue;
      }
      bytes[length++] = byte;
      if (byte === 0xff) i++;
    }
    intervals.push({ start, end: length * 8, marker });
    this.#bytes = bytes;
    this.#intervals = intervals;
    this.#end = intervals[0]!.end;
  }

  /** Where it is, in bits of the data without stuffed bytes and markers. */
  get at(): number {
    return this.#at;
  }

  /** The bits that are left of the interval. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** Whether nothing follows the interval. */
  get isLast(): boolean {
    return this.#intervals.slice(this.#interval + 1).every(({ start, end }) => start === end);
  }

  /** Whether the whole bytes that are left are all 0, or all FF. */
  get isFilled(): boolean {
    const rest = this.#bytes.subarray(this.#at + 7 >> 3, this.#end >> 3);
    return rest.every((byte) => byte === rest[0]) && (rest[0] === 0 || rest[0] === 0xff);
  }

  /** Whether no more is left than what fills a byte with ones. */
  get isPadding(): boolean {
    const { left } = this;
    return left === 0 || left > 0 && left < 8 && this.peek(left) === (1 << left) - 1;
  }

  /** The next `count` bits, at most 16, which it stays before; or those at another place. */
  peek(count: number, at: number = this.#at): number {
    const i = at >> 3, bytes = this.#bytes;
    const bits = (bytes[i]! << 16 | bytes[i + 1]! << 8 | bytes[i + 2]!) >>> (8 - (at & 7));
    return (bits & 0xffff) >>> (16 - count);
  }

  /** Goes on by `count` bits. */
  skip(count: number): void {
    this.#at += count;
  }

  /** The next `count` bits, at most 16. */
  read(count: number): number {
    const value = this.peek(count);
    this.#at += count;
    return value;
  }

  /** The symbol of the next code. */
  symbol(table: HuffmanTable): number {
    const entry = table[this.peek(16)]!;
    if (entry === 0) throw damagedData("a code that its Huffman table lacks");
    this.#at += entry >> 8;
    return entry & 255;
  }

  /** Goes to the data after the next restart marker, which must have the given number. */
  restart(number: number): void {
    const next = this.#intervals[++this.#interval];
    if (next?.marker !== number) {
      throw damagedData(
        `${next ? `restart marker ${next.marker}` : "none"} in place of restart marker ${number}`,
      );
    }
    this.#at = next.start;
    this.#end = next.end;
  }
}

/** The error of entropy-coded data of which `got` tells what is wrong. */
export function damagedData(got: string): ImageError {
  return new ImageError("Cannot decode the JPEG image", {
    expected: "image data that is whole",
    got,
    hint: "the file is damaged; fetch it again",
  });
}
