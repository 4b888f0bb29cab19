import { CheckpointError } from "../tensor/errors.ts";
import { free } from "../tensor/free.ts";
import { quantBlock, type QuantFormat } from "../tensor/quantize.ts";
import { formatShape, sameShape, type Shape, sizeOf } from "../tensor/shape.ts";
import type { Checkpoint } from "../io/checkpoint.ts";

/**
 * A weight `name` in q8 is two tensors: `name.q8`, i8 of its shape, `[O,…]` with rows of K elements, and `name.scales`,
 * f16 `[O,⌈K/32⌉]`. In q4 a matrix `[O,K]` is `name.q4`, u8 `[O,K/2]`, and scales: each byte holds q + 8 of a pair, the first
 * in its lower half.
 */
const quantFormats: readonly QuantFormat[] = ["q8", "q4"];
const scales = ".scales";

/** The names of the two tensors that hold the weight `name`. */
export function quantizedNames(name: string, format: QuantFormat): { q: string; scales: string } {
  return { q: `${name}.${format}`, scales: name + scales };
}

/** Pairs of q4 as bytes: `q` of an even number of columns. */
export function packPairs(q: Int8Array): Uint8Array {
  return Uint8Array.from({ length: q.length / 2 }, (_, i) => (q[2 * i]! + 8) | ((q[2 * i + 1]! + 8) << 4));
}

/**
 * The same checkpoint, in which weights stored in q8 and q4 are read like all others. Throws `CheckpointError` if the two
 * parts of one do not fit.
 */
export function withQuantized(checkpoint: Checkpoint): Checkpoint {
  const quantized = new Map<string, QuantFormat>();
  const tensors = new Map(checkpoint.tensors);
  for (const format of quantFormats) {
    const ending = `.${format}`;
    for (const part of [...checkpoint.tensors.keys()].filter((name) => name.endsWith(ending))) {
      const name = part.slice(0, -ending.length);
      const { shape, bytes } = quantizedWeight(checkpoint, { name, format });
      const names = quantizedNames(name, format);
      tensors.delete(names.q);
      tensors.delete(names.scales);
      tensors.set(name, { dtype: "f32", shape, bytes, quantized: format });
      quantized.set(name, format);
    }
  }
  if (quantized.size === 0) return checkpoint;
  return {
    name: checkpoint.name,
    format: checkpoint.format,
    metadata: checkpoint.metadata,
    tensors,
    async read(name) {
      const format = quantized.get(name);
      if (!format) return await checkpoint.read(name);
      const names = quantizedNames(name, format), width = rowWidth(tensors.get(name)!.shape);
      const stored = await checkpoint.read(names.q);
      const values = format === "q8" ? stored : unpackPairs(stored);
      scale(values, { scales: await checkpoint.read(names.scales), width });
      return values;
    },
    [Symbol.asyncDispose]: () => checkpoint[Symbol.asyncDispose](),
  };
}

/** Checks both tensors of a weight, and gives its own shape and their bytes. */
function quantizedWeight(
  checkpoint: Checkpoint,
  { name, format }: { name: string; format: QuantFormat },
): { shape: Shape; bytes: number } {
  const names = quantizedNames(name, format);
  const q = checkpoint.tensors.get(names.q)!, factors = checkpoint.tensors.get(names.scales);
  const dtype = format === "q8" ? "i8" : "u8",
    fits = format === "q8" ? q.shape.length >= 2 : q.shape.length === 2;
  const [rows = 0, columns = 0] = q.shape, shape = format === "q8" ? q.shape : [rows, 2 * columns];
  const expected = [rows, Math.ceil(rowWidth(shape) / quantBlock)];
  if (q.dtype !== dtype || !fits || factors?.dtype !== "f16" || !sameShape(factors.shape, expected)) {
    throw new CheckpointError(`Cannot read ${checkpoint.name}: ${name}`, {
      expected: `${dtype} ${format === "q8" ? "[O,…]" : "[O,K/2]"} and f16 ${formatShape(expected)} scales`,
      got: `${q.dtype} ${formatShape(q.shape)} and ${
        factors ? `${factors.dtype} ${formatShape(factors.shape)}` : "none"
      }`,
    });
  }
  return { shape, bytes: q.bytes + factors.bytes };
}

/** Elements of a row: all that share the first index. */
function rowWidth([, ...rest]: Shape): number {
  return sizeOf(rest);
}

function unpackPairs(bytes: Float32Array): Float32Array {
  const values = new Float32Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    values[2 * i] = (bytes[i]! & 15) - 8;
    values[2 * i + 1] = (bytes[i]! >> 4) - 8;
  }
  free(bytes);
  return values;
}

/** Multiplies rows of `width` whole numbers by the scales of their blocks. */
function scale(values: Float32Array, { scales, width }: { scales: Float32Array; width: number }): void {
  for (let begin = 0, i = 0, block = 0; begin < values.length; begin += width) {
    for (let end = begin; end < begin + width; block++) {
      const factor = scales[block]!;
      end = Math.min(end + quantBlock, begin + width);
      for (; i < end; i++) values[i] = values[i]! * factor;
    }
  }
}
