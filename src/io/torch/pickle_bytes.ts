import { CheckpointError } from "../../tensor/errors.ts";

/** Limits on the bytes of a name and of an integer. */
const maxLineBytes = 256, maxLongBytes = 255;

/** Reads the bytes of a pickle in order. Reading beyond the end throws. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  readonly #decoder: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  /** Number of bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** Throws a `CheckpointError` with the current position. */
  refuse(expected: string, got: string): never {
    throw new CheckpointError(`Cannot read ${this.#file}: byte ${this.#at} of its pickle`, { expected, got });
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** A length of 8 bytes. No pickle has one beyond 2^53. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  i32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** Unlike the integers, floats are big-endian. */
  f64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** A little-endian integer of `length` bytes in two's complement. */
  long(length: number): number | bigint {
    if (length > maxLongBytes) this.refuse(`an integer of at most ${maxLongBytes} bytes`, `${length}`);
    const digits = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]!);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  take(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** UTF-8 text of `length` bytes. Lone surrogates, which Python would accept, are not supported. */
  text(length: number): string {
    const bytes = this.take(length);
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return this.refuse("text in UTF-8", "other bytes");
    }
  }

  /** Text up to the next newline. */
  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + maxLineBytes).indexOf(0x0a);
    if (end < 0) this.refuse(`a line of at most ${maxLineBytes} bytes`, "a longer one, or no end");
    const text = this.text(end);
    this.#at++;
    return text;
  }

  #skip(length: number): number {
    if (length > this.left) this.refuse(`${length} more bytes`, `${this.left}`);
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
