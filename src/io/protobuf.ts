import { concat } from "./concat.ts";

/** A protocol buffers message, as a list of fields that the functions of this file encode. */
export type Fields = readonly Uint8Array[];

/** A non-negative integer below 2^53, as `int64`, `int32` or `enum`. */
export function integer(field: number, value: number): Uint8Array {
  return Uint8Array.of(...varint(field * 8), ...varint(value));
}

/** A `double`. */
export function double(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = field * 8 + 1;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

/** A `float`. */
export function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = field * 8 + 5;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

/** `bytes`, a `string`, or a message. */
export function bytes(field: number, value: Uint8Array | string | Fields): Uint8Array {
  const data = typeof value === "string"
    ? new TextEncoder().encode(value)
    : value instanceof Uint8Array
    ? value
    : concat(value);
  return concat([head(field, data.length), data]);
}

/** What comes before the `length` bytes of a field of `bytes`, a `string`, or a message. */
export function head(field: number, length: number): Uint8Array {
  return Uint8Array.of(...varint(field * 8 + 2), ...varint(length));
}

/** A varint: seven bits in each byte, lowest first; all bytes but the last have the highest bit set. */
function varint(value: number): number[] {
  const digits = [];
  for (; value >= 128; value = Math.floor(value / 128)) digits.push(value % 128 + 128);
  return [...digits, value];
}
