import { f16ToNumber, numberToF16 } from "./dtype.ts";

/** Neighbouring values of a row that share a scale in q8. */
export const q8Block = 32;

/**
 * Quantises rows of `width` values to q8: by block of 32 (the last may be shorter), scale d = max|w| / 127 rounded to
 * f16, q = w / d rounded to the nearest whole number (ties to even) and held to −127…127. w ≈ q·d.
 */
export function quantizeQ8(values: Float32Array, width: number): { q: Int8Array; scales: Uint16Array } {
  const blocks = Math.ceil(width / q8Block), rows = values.length / width;
  const q = new Int8Array(values.length), scales = new Uint16Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const begin = row * width + block * q8Block;
      const end = Math.min(begin + q8Block, (row + 1) * width);
      let largest = 0;
      for (let i = begin; i < end; i++) largest = Math.max(largest, Math.abs(values[i]!));
      const bits = scales[row * blocks + block] = numberToF16(largest / 127);
      const scale = f16ToNumber(bits);
      if (scale === 0) continue;
      for (let i = begin; i < end; i++) {
        q[i] = Math.max(-127, Math.min(127, roundEven(values[i]! / scale)));
      }
    }
  }
  return { q, scales };
}

/** The values that q8 stands for. */
export function dequantizeQ8(
  { q, scales }: { q: Int8Array; scales: Uint16Array },
  width: number,
): Float32Array<ArrayBuffer> {
  const blocks = Math.ceil(width / q8Block);
  return Float32Array.from(q, (value, i) => {
    const row = Math.floor(i / width), block = Math.floor(i % width / q8Block);
    return value * f16ToNumber(scales[row * blocks + block]!);
  });
}

/** `values`, in rows of `width`, as they are after storage in `format`. */
export function roundTo(
  format: "f32" | "f16" | "q8",
  values: Float32Array,
  width: number,
): Float32Array {
  if (format === "f32") return values;
  if (format === "f16") return values.map((value) => f16ToNumber(numberToF16(value)));
  return dequantizeQ8(quantizeQ8(values, width), width);
}

function roundEven(value: number): number {
  const floor = Math.floor(value), rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
