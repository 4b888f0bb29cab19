import { CheckpointError } from "../tensor/errors.ts";
import { q8Block } from "../tensor/quantize.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** A matrix `name` `[O,K]` in q8 is two tensors: `name.q8`, i8 `[O,K]`, and `name.scales`, f16 `[O,⌈K/32⌉]`. */
const quantized = ".q8", scales = ".scales";

/** The names of the two tensors that hold the matrix `name` in q8. */
export function q8Names(name: string): { q: string; scales: string } {
  return { q: name + quantized, scales: name + scales };
}

/**
 * The same checkpoint, in which matrices stored in q8 read like all others. Throws `CheckpointError` where the two parts
 * of one do not fit.
 */
export function withQ8(checkpoint: Checkpoint): Checkpoint {
  const stored = [...checkpoint.tensors.keys()].filter((name) => name.endsWith(quantized));
  if (stored.length === 0) return checkpoint;
  const tensors = new Map(checkpoint.tensors);
  const matrices = new Set<string>();
  for (const part of stored) {
    const name = part.slice(0, -quantized.length), names = q8Names(name);
    const q = checkpoint.tensors.get(names.q)!, scale = checkpoint.tensors.get(names.scales);
    const [rows, width] = q.shape;
    const expected = [rows ?? 0, Math.ceil((width ?? 0) / q8Block)];
    const fits = q.dtype === "i8" && q.shape.length === 2 && scale?.dtype === "f16" &&
      sameShape(scale.shape, expected);
    if (!fits) {
      throw new CheckpointError(`Cannot read ${checkpoint.name}: ${name}`, {
        expected: `i8 [O,K] and f16 ${formatShape(expected)} scales`,
        got: `${q.dtype} ${formatShape(q.shape)} and ${
          scale ? `${scale.dtype} ${formatShape(scale.shape)}` : "none"
        }`,
      });
    }
    tensors.delete(names.q);
    tensors.delete(names.scales);
    tensors.set(name, { dtype: "i8", shape: q.shape, bytes: q.bytes + scale.bytes });
    matrices.add(name);
  }
  return {
    name: checkpoint.name,
    format: checkpoint.format,
    metadata: checkpoint.metadata,
    tensors,
    async read(name) {
      if (!matrices.has(name)) return await checkpoint.read(name);
      const names = q8Names(name), [, width] = tensors.get(name)!.shape as [number, number];
      const q = Int8Array.from(await checkpoint.read(names.q));
      return scaled(q, { scales: await checkpoint.read(names.scales), width });
    },
    [Symbol.asyncDispose]: () => checkpoint[Symbol.asyncDispose](),
  };
}

function scaled(
  q: Int8Array,
  { scales, width }: { scales: Float32Array; width: number },
): Float32Array {
  const values = new Float32Array(q.length), blocks = Math.ceil(width / q8Block);
  for (let row = 0, i = 0; i < q.length; row++) {
    for (let c = 0; c < width; c++, i++) values[i] = q[i]! * scales[row * blocks + Math.floor(c / q8Block)]!;
  }
  return values;
}
