import { numberToF16 } from "../../tensor/dtype.ts";
import { q8Block, quantizeQ8 } from "../../tensor/quantize.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import type { WeightFormat } from "../backend.ts";

/** What a weight is on the device. */
export type PackedWeight = Float32Array | Uint32Array;

/**
 * A weight `[O,C]` or `[O,C,K,K]` as the matrix `[O,taps,C]` that products read: the channels of a tap lie together, and
 * zeros fill them up to whole vectors of four. See `kernels/weight.wgsl` for f16 and q8, which only `[O,C]` has.
 */
export function packMatrix(values: Float32Array, shape: Shape, format: WeightFormat): PackedWeight {
  if (format === "q8") return packQ8(values, shape as readonly [number, number]);
  const matrix = padChannels(values, shape);
  return format === "f16" ? packHalves(matrix) : matrix;
}

/** A table `[V,D]` as rows of f32, or in f16 of whole words of two halves. */
export function packTable(values: Float32Array, shape: Shape, format: WeightFormat): PackedWeight {
  if (format === "f32") return values;
  const [words, width] = shape as [number, number];
  if (width % 2 === 0) return packHalves(values);
  const padded = new Float32Array(words * (width + 1));
  for (let row = 0; row < words; row++) {
    padded.set(values.subarray(row * width, (row + 1) * width), row * (width + 1));
  }
  return packHalves(padded);
}

/** Words of two scales that a row of a q8 matrix has. */
export function scaleWords(width: number): number {
  return Math.ceil(width / (2 * q8Block));
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

function packHalves(values: Float32Array): Uint32Array {
  return Uint32Array.from(
    { length: values.length / 2 },
    (_, i) => (numberToF16(values[2 * i]!) | (numberToF16(values[2 * i + 1]!) << 16)) >>> 0,
  );
}

function packQ8(values: Float32Array, [outputs, width]: readonly [number, number]): Uint32Array {
  const { q, scales } = quantizeQ8(values, width);
  const row = Math.ceil(width / 4), blocks = Math.ceil(width / q8Block), scaleRow = scaleWords(width);
  const packed = new Uint32Array(outputs * (row + scaleRow));
  const bytes = new Int8Array(packed.buffer), halves = new Uint16Array(packed.buffer, 4 * outputs * row);
  for (let o = 0; o < outputs; o++) {
    bytes.set(q.subarray(o * width, (o + 1) * width), 4 * o * row);
    halves.set(scales.subarray(o * blocks, (o + 1) * blocks), 2 * o * scaleRow);
  }
  return packed;
}
