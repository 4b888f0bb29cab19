import { f16ToNumber, numberToF16 } from "./dtype.ts";

/** Neighbouring values of a row that share a scale in q8 and q4. */
export const quantBlock = 32;

/** Formats of whole numbers with scales. */
export type QuantFormat = "q8" | "q4";

/** Rows of whole numbers, and the f16 scales of each row's blocks: w ≈ q·d. */
export interface Quantized {
  readonly q: Int8Array;
  readonly scales: Uint16Array;
}

/** The range of q, and the whole number that a block's largest value becomes: of q8 either ±127, of q4 always −8. */
const ranges: Readonly<Record<QuantFormat, { low: number; high: number; largest: number }>> = {
  q8: { low: -127, high: 127, largest: 127 },
  q4: { low: -8, high: 7, largest: -8 },
};

/**
 * Quantises rows of `width` values by blocks of 32 (the last may be shorter). With m the block's value of the largest
 * magnitude, the first of equal ones, the scale is d = |m| / 127 in q8 and d = m / −8 in q4, rounded to f16; q = w / d
 * is rounded to the nearest whole number (ties to even) and held to −127…127 or −8…7. w ≈ q·d.
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

/** The values that rows of `width` whole numbers stand for. */
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

/** `values`, in rows of `width`, as they are after storage in `format`. */
export function roundTo(
  format: "f32" | "f16" | QuantFormat,
  values: Float32Array,
  width: number,
): Float32Array {
  if (format === "f32") return values;
  if (format === "f16") {
    // The engine's own halves are many times as fast, where it has them.
    if (typeof Float16Array === "function") return new Float32Array(new Float16Array(values));
    return values.map((value) => f16ToNumber(numberToF16(value)));
  }
  return dequantize(quantize(format, values, width), width);
}

function roundEven(value: number): number {
  const floor = Math.floor(value), rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}
