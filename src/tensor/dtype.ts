/** Element types of checkpoints. Graphs compute with `f32` and index with `u32`. */
export type DType =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "f8_e4m3"
  | "f8_e5m2"
  | "i64"
  | "i32"
  | "i16"
  | "i8"
  | "u32"
  | "u16"
  | "u8"
  | "bool";

/** Bytes per element. */
export const dtypeBytes: Readonly<Record<DType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  f8_e4m3: 1,
  f8_e5m2: 1,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u32: 4,
  u16: 2,
  u8: 1,
  bool: 1,
};

const f32Bits = new Float32Array(1);
const u32Bits = new Uint32Array(f32Bits.buffer);

/** Converts the bits of an f16 value to a number. */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Converts the bits of a float8 value to a number: e4m3, whose only special values are NaN, or e5m2, the upper half of an
 * f16.
 */
export function f8ToNumber(bits: number, format: "e4m3" | "e5m2"): number {
  if (format === "e5m2") return f16ToNumber(bits << 8);
  const sign = bits & 0x80 ? -1 : 1, exponent = (bits >> 3) & 15, fraction = bits & 7;
  if (exponent === 15 && fraction === 7) return NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (1 + fraction / 8) * 2 ** (exponent - 7);
}

/** Rounds a number to the nearest f16 value, ties to even, and returns its bits. */
export function numberToF16(value: number): number {
  f32Bits[0] = value;
  const bits = u32Bits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: the value in units of 2^-24, rounded to the nearest even integer.
    const units = Math.abs(f32Bits[0]!) * 2 ** 24;
    const floor = Math.floor(units);
    const rest = units - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && floor & 1) ? floor + 1 : floor);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** Whether the engine has `Float16Array`; older browsers do not. */
export const hasFloat16Array: boolean = typeof Float16Array === "function";

/** The same for many numbers. */
export function numbersToF16(values: Float32Array): Uint16Array<ArrayBuffer> {
  // The engine's own rounding is much faster.
  if (hasFloat16Array) return new Uint16Array(new Float16Array(values).buffer);
  return Uint16Array.from(values, numberToF16);
}

/** Converts the bits of a bf16 value to a number. */
export function bf16ToNumber(bits: number): number {
  u32Bits[0] = bits << 16;
  return f32Bits[0]!;
}
