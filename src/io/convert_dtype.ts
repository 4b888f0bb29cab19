import {
  type DType,
  dtypeBytes,
  f16ToNumber,
  f8ToNumber,
  hasFloat16Array,
  numbersToF16,
} from "../tensor/dtype.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { free } from "../tensor/free.ts";

type Elements = (buffer: ArrayBuffer, offset: number, length: number) => Float32Array<ArrayBuffer>;

const readers: Readonly<Record<DType, Elements>> = {
  f32: (buffer, offset, length) => new Float32Array(buffer, offset, length),
  f64: (buffer, offset, length) => new Float32Array(new Float64Array(buffer, offset, length)),
  f16: (buffer, offset, length) =>
    hasFloat16Array
      ? new Float32Array(new Float16Array(buffer, offset, length))
      : Float32Array.from(new Uint16Array(buffer, offset, length), f16ToNumber),
  bf16: (buffer, offset, length) => {
    // A bfloat16 is the upper 16 bits of a float.
    const bf16 = new Uint16Array(buffer, offset, length), f32 = new Uint32Array(length);
    for (let i = 0; i < length; i++) f32[i] = bf16[i]! << 16;
    return new Float32Array(f32.buffer);
  },
  f8_e4m3: (buffer, offset, length) => fromBytes(buffer, offset, length, (bits) => f8ToNumber(bits, "e4m3")),
  f8_e5m2: (buffer, offset, length) => fromBytes(buffer, offset, length, (bits) => f8ToNumber(bits, "e5m2")),
  i64: (buffer, offset, length) => Float32Array.from(new BigInt64Array(buffer, offset, length), Number),
  i32: (buffer, offset, length) => new Float32Array(new Int32Array(buffer, offset, length)),
  i16: (buffer, offset, length) => new Float32Array(new Int16Array(buffer, offset, length)),
  i8: (buffer, offset, length) => new Float32Array(new Int8Array(buffer, offset, length)),
  u32: (buffer, offset, length) => new Float32Array(new Uint32Array(buffer, offset, length)),
  u16: (buffer, offset, length) => new Float32Array(new Uint16Array(buffer, offset, length)),
  u8: (buffer, offset, length) => new Float32Array(new Uint8Array(buffer, offset, length)),
  bool: (buffer, offset, length) =>
    Float32Array.from(new Uint8Array(buffer, offset, length), (value) => value ? 1 : 0),
};

/** The values of all 256 bytes, looked up. */
function fromBytes(
  buffer: ArrayBuffer,
  offset: number,
  length: number,
  value: (bits: number) => number,
): Float32Array<ArrayBuffer> {
  const values = Float32Array.from({ length: 256 }, (_, bits) => value(bits));
  return Float32Array.from(new Uint8Array(buffer, offset, length), (bits) => values[bits]!);
}

/**
 * Converts little-endian elements of `dtype` to f32, rounded to nearest; `bool` becomes 0 and 1.
 *
 * For aligned `f32` elements the result is a view of `bytes`.
 */
export function toF32(bytes: Uint8Array<ArrayBuffer>, dtype: DType): Float32Array<ArrayBuffer> {
  const size = dtypeBytes[dtype];
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return readers[dtype](buffer, byteOffset, byteLength / size);
}

/** The same, but takes ownership of `bytes` and frees them. */
export function takeF32(bytes: Uint8Array<ArrayBuffer>, dtype: DType): Float32Array<ArrayBuffer> {
  const values = toF32(bytes, dtype);
  if (values.buffer !== bytes.buffer) free(bytes);
  return values;
}

/**
 * Converts f32 elements to the bytes of f16 elements, rounded to nearest, ties to even.
 *
 * Throws a `CheckpointError` that names `tensor` if a value is not finite or too large for f16.
 */
export function toF16(values: Float32Array, { tensor }: { tensor: string }): Uint8Array<ArrayBuffer> {
  const f16 = numbersToF16(values);
  // An exponent of all ones is infinity or NaN.
  const bad = f16.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (bad >= 0) {
    throw new CheckpointError(`Cannot store ${tensor} as f16`, {
      expected: "values within ±65504",
      got: `${values[bad]} at index ${bad}`,
      hint: Number.isFinite(values[bad]) ? "store it as f32" : "the checkpoint is damaged",
    });
  }
  return new Uint8Array(f16.buffer);
}
