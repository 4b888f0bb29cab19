import { f16ToNumber, hasFloat16Array, numberToF16 } from "./dtype.ts";

/** Number of consecutive values in a row that share a scale in q8 and q4. */
export const quantBlock = 32;

/** Formats of integers with scales. */
export type QuantFormat = "q8" | "q4";

/** Rows of integers q and the f16 scales d of their blocks: w ≈ q·d. */
export interface Quantized {
  readonly q: Int8Array;
  readonly scales: Uint16Array;
}

/** The range of q, and the integer of a block's largest value: ±127 in q8, −8 in q4. */
const ranges: Readonly<Record<QuantFormat, { low: number; high: number; largest: number }>> = {
  q8: { low: -127, high: 127, largest: 127 },
  q4: { low: -8, high: 7, largest: -8 },
};

/**
 * Quantizes rows of `width` values in blocks of 32; the last block may be shorter. Let m be the value with the largest
 * magnitude of a block (the first of equal ones). The scale is d = |m| / 127 in q8 and d = m / −8 in q4, rounded to f16.
 * q = w / d is rounded to the nearest integer, ties to even, and clamped to −127…127 or −8…7.
 */
export function quantize(format: QuantFormat, values: Float32Array, width: number): Quantized {
  const { low, high, largest } = ranges[format];
  const blocks = Math.ceil(width / quantBlock), rows = values.length / width;
  const q = new Int8Array(values.length), scales = new Uint16Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const begin = row * width + block * quantBlock;
      const end = Math.min(begin + quantBlock, (row + 1) * width);
      let most = 0;
      for (let i = begin; i < end; i++) if (Math.abs(values[i]!) > Math.abs(most)) most = values[i]!;
      const bits = scales[row * blocks + block] = numberToF16(
        (format === "q8" ? Math.abs(most) : most) / largest,
      );
      const scale = f16ToNumber(bits);
      if (scale === 0) continue;
      for (let i = begin; i < end; i++) {
        q[i] = Math.max(low, Math.min(high, roundEven(values[i]! / scale)));
      }
    }
  }
  return { q, scales };
}

/** Converts rows of `width` quantized values back to floats. */
export function dequantize({ q, scales }: Quantized, width: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(q.length), blocks = Math.ceil(width / quantBlock);
  for (let row = 0, i = 0; i < q.length; row++) {
    for (let block = 0; block < blocks; block++) {
      const scale = f16ToNumber(scales[row * blocks + block]!);
      for (const end = Math.min((block + 1) * quantBlock, width) + row * width; i < end; i++) {
        values[i] = q[i]! * scale;
      }
    }
  }
  return values;
}

/** Rounds `values`, in rows of `width`, as storage in `format` does. */
export function roundTo(
  format: "f32" | "f16" | QuantFormat,
  values: Float32Array,
  width: number,
): Float32Array {
  if (format === "f32") return values;
  if (format === "f16") {
    // The engine's Float16Array is much faster, if it exists.
    if (hasFloat16Array) return new Float32Array(new Float16Array(values));
    return values.map((value) => f16ToNumber(numberToF16(value)));
  }
  return dequantize(quantize(format, values, width), width);
}

/** Between 2⁵² and 2⁵³ doubles are the integers, to the nearest of which a sum is rounded, ties to even. */
const integers = 1.5 * 2 ** 52;

function roundEven(value: number): number {
  return value + integers - integers;
}
