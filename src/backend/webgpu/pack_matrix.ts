import { numbersToF16 } from "../../tensor/dtype.ts";
import { quantBlock, type QuantFormat, quantize } from "../../tensor/quantize.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { WeightFormat } from "../backend.ts";

/** What a weight is on the device. */
export type PackedWeight = Float32Array | Uint32Array;

/**
 * A weight `[O,C,…]` as the matrix `[O,taps,C]` that products read: the channels of a tap lie together, and
 * zeros fill them up to whole vectors of four. See `kernels/weight.wgsl` for f16, and for q8 and q4, which only `[O,C]` has.
 */
export function packMatrix(values: Float32Array, shape: Shape, format: WeightFormat): PackedWeight {
  if (format === "q8" || format === "q4") {
    return packQuantized(values, { shape: shape as readonly [number, number], format });
  }
  const matrix = padChannels(values, shape);
  return format === "f16" ? packF16(matrix) : matrix;
}

/** A table `[V,D]` as rows of f32, or in f16, two in a word. */
export function packTable(values: Float32Array, shape: Shape, format: WeightFormat): PackedWeight {
  if (format === "f32") return values;
  const [vocabSize, width] = shape as [number, number];
  if (width % 2 === 0) return packF16(values);
  const padded = new Float32Array(vocabSize * (width + 1));
  for (let row = 0; row < vocabSize; row++) {
    padded.set(values.subarray(row * width, (row + 1) * width), row * (width + 1));
  }
  return packF16(padded);
}

/** Words that a row of `width` whole numbers takes, and those of its scales, two in a word. */
export function quantizedWords(format: QuantFormat, width: number): { row: number; scales: number } {
  return { row: Math.ceil(width / (format === "q8" ? 4 : 8)), scales: Math.ceil(width / (2 * quantBlock)) };
}

function padChannels(values: Float32Array, shape: Shape): Float32Array {
  const [outputs, channels] = shape as [number, number];
  const taps = sizeOf(shape.slice(2)), padded = Math.ceil(channels / 4) * 4;
  if (taps === 1 && padded === channels) return values;
  const packed = new Float32Array(outputs * taps * padded);
  for (let o = 0; o < outputs; o++) {
    for (let c = 0; c < channels; c++) {
      const from = (o * channels + c) * taps, to = o * taps * padded + c;
      for (let tap = 0; tap < taps; tap++) packed[to + tap * padded] = values[from + tap]!;
    }
  }
  return packed;
}

function packF16(values: Float32Array): Uint32Array {
  return new Uint32Array(numbersToF16(values).buffer);
}

function packQuantized(
  values: Float32Array,
  { shape: [outputs, width], format }: { shape: readonly [number, number]; format: QuantFormat },
): Uint32Array {
  const { q, scales } = quantize(format, values, width);
  const words = quantizedWords(format, width), blocks = Math.ceil(width / quantBlock);
  const packed = new Uint32Array(outputs * (words.row + words.scales));
  const bytes = new Int8Array(packed.buffer),
    f16 = new Uint16Array(packed.buffer, 4 * outputs * words.row);
  for (let o = 0; o < outputs; o++) {
    const row = q.subarray(o * width, (o + 1) * width), at = 4 * o * words.row;
    if (format === "q8") bytes.set(row, at);
    else for (let i = 0; i < width; i++) bytes[at + (i >> 1)]! |= (row[i]! & 15) << (i % 2 * 4);
    f16.set(scales.subarray(o * blocks, (o + 1) * blocks), 2 * o * words.scales);
  }
  return packed;
}
