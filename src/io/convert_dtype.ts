import { type DType, dtypeBytes, f16ToNumber, numberToF16 } from "../tensor/dtype.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { free } from "../tensor/free.ts";

type Elements = (buffer: ArrayBuffer, offset: number, length: number) => Float32Array<ArrayBuffer>;

/** Whether the engine has 16-bit floats of its own; older browsers do not. */
const nativeHalves = typeof Float16Array === "function";

const readers: Readonly<Record<DType, Elements>> = {
  f32: (buffer, offset, length) => new Float32Array(buffer, offset, length),
  f64: (buffer, offset, length) => new Float32Array(new Float64Array(buffer, offset, length)),
  f16: (buffer, offset, length) =>
    nativeHalves
      ? new Float32Array(new Float16Array(buffer, offset, length))
      : Float32Array.from(new Uint16Array(buffer, offset, length), f16ToNumber),
  bf16: (buffer, offset, length) => {
    // A bfloat16 is the upper half of a float.
    const halves = new Uint16Array(buffer, offset, length);
    const words = new Uint32Array(length);
    for (let i = 0; i < length; i++) words[i] = halves[i]! << 16;
    return new Float32Array(words.buffer);
  },
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

/**
 * Little-endian elements of `dtype` as f32, rounded to nearest; `bool` gives 0 and 1.
 *
 * For `f32` the result is a view of `bytes`, without a copy, where they are aligned.
 */
export function toF32(bytes: Uint8Array<ArrayBuffer>, dtype: DType): Float32Array<ArrayBuffer> {
  const size = dtypeBytes[dtype];
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return readers[dtype](buffer, byteOffset, byteLength / size);
}

/** The same for bytes that are nobody else's; they are used up. */
export function takeF32(bytes: Uint8Array<ArrayBuffer>, dtype: DType): Float32Array<ArrayBuffer> {
  const values = toF32(bytes, dtype);
  if (values.buffer !== bytes.buffer) free(bytes);
  return values;
}

/**
 * f32 elements as the bytes of IEEE halves, rounded to nearest, ties to even.
 *
 * Throws `CheckpointError` naming `tensor` where a value is not finite, or too large for a half.
 */
export function toF16(values: Float32Array, { tensor }: { tensor: string }): Uint8Array<ArrayBuffer> {
  const halves = nativeHalves
    ? new Uint16Array(new Float16Array(values).buffer)
    : Uint16Array.from(values, numberToF16);
  // The exponent of all ones is infinity or NaN.
  const bad = halves.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
  if (bad >= 0) {
    throw new CheckpointError(`Cannot store ${tensor} as f16`, {
      expected: "values within ±65504",
      got: `${values[bad]} at index ${bad}`,
      hint: Number.isFinite(values[bad]) ? "store it as f32" : "the checkpoint is damaged",
    });
  }
  return new Uint8Array(halves.buffer);
}
