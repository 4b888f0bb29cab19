import { CheckpointError } from "../tensor/errors.ts";
import { free } from "../tensor/free.ts";
import { quantBlock, type QuantFormat } from "../tensor/quantize.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Checkpoint } from "../io/checkpoint.ts";

/**
 * A matrix `name` `[O,K]` in q8 is two tensors: `name.q8`, i8 `[O,K]`, and `name.scales`, f16 `[O,⌈K/32⌉]`. In q4 the
 * first is `name.q4`, u8 `[O,K/2]`: each byte holds q + 8 of a pair, the first in its lower half.
 */
const quantFormats: readonly QuantFormat[] = ["q8", "q4"];
const scales = ".scales";

/** The names of the two tensors that hold the matrix `name`. */
export function quantizedNames(name: string, format: QuantFormat): { q: string; scales: string } {
  return { q: `${name}.${format}`, scales: name + scales };
}

/** Pairs of q4 as bytes: `q` of an even number of columns. */
export function packPairs(q: Int8Array): Uint8Array {
  return Uint8Array.from({ length: q.length / 2 }, (_, i) => (q[2 * i]! + 8) | ((q[2 * i + 1]! + 8) << 4));
}

/**
 * The same checkpoint, in which matrices stored in q8 and q4 are read like all others. Throws `CheckpointError` if the two
 * parts of one do not fit.
 */
export function withQuantized(checkpoint: Checkpoint): Checkpoint {
  const matrices = new Map<string, QuantFormat>();
  const tensors = new Map(checkpoint.tensors);
  for (const format of quantFormats) {
    const ending = `.${format}`;
    for (const part of [...checkpoint.tensors.keys()].filter((name) => name.endsWith(ending))) {
      const name = part.slice(0, -ending.length);
      const { shape, bytes } = matrixOf(checkpoint, { name, format });
      const names = quantizedNames(name, format);
      tensors.delete(names.q);
      tensors.delete(names.scales);
      tensors.set(name, { dtype: "i8", shape, bytes });
      matrices.set(name, format);
    }
  }
  if (matrices.size === 0) return checkpoint;
  return {
    name: checkpoint.name,
    format: checkpoint.format,
    metadata: checkpoint.metadata,
    tensors,
    async read(name) {
      const format = matrices.get(name);
      if (!format) return await checkpoint.read(name);
      const names = quantizedNames(name, format), [, width] = tensors.get(name)!.shape as [number, number];
      const stored = await checkpoint.read(names.q);
      const values = format === "q8" ? stored : unpackPairs(stored);
      scale(values, { scales: await checkpoint.read(names.scales), width });
      return values;
    },
    [Symbol.asyncDispose]: () => checkpoint[Symbol.asyncDispose](),
  };
}

/** Checks both tensors of a matrix, and gives its own shape and their bytes. */
function matrixOf(
  checkpoint: Checkpoint,
  { name, format }: { name: string; format: QuantFormat },
): { shape: readonly number[]; bytes: number } {
  const names = quantizedNames(name, format);
  const q = checkpoint.tensors.get(names.q)!, factors = checkpoint.tensors.get(names.scales);
  const [rows = 0, columns = 0] = q.shape, dtype = format === "q8" ? "i8" : "u8";
  const width = format === "q8" ? columns : 2 * columns;
  const expected = [rows, Math.ceil(width / quantBlock)];
  if (
    q.dtype !== dtype || q.shape.length !== 2 || factors?.dtype !== "f16" ||
    !sameShape(factors.shape, expected)
  ) {
    throw new CheckpointError(`Cannot read ${checkpoint.name}: ${name}`, {
      expected: `${dtype} ${format === "q8" ? "[O,K]" : "[O,K/2]"} and f16 ${formatShape(expected)} scales`,
      got: `${q.dtype} ${formatShape(q.shape)} and ${
        factors ? `${factors.dtype} ${formatShape(factors.shape)}` : "none"
      }`,
    });
  }
  return { shape: [rows, width], bytes: q.bytes + factors.bytes };
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
