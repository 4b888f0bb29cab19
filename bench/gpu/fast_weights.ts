import type { WeightSource } from "../../src/backend/backend.ts";
import { type Graph, tensorsOf } from "../../src/graph/trace.ts";
import { free } from "../../src/tensor/free.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";

const length = 1 << 20;
/** Uniform in [−1,1), of a linear congruential generator. */
const pattern: Float32Array = new Float32Array(length);
for (let i = 0, state = 7; i < length; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) | 0;
  pattern[i] = state / 2 ** 31;
}

/** The pattern as `offset + scale·u`: a model has few different ones. */
const variants = new Map<string, Float32Array>();

/** Values of a shape that look random: repetitions of one pattern, which are made as fast as memory is copied. */
export function fastValues(
  shape: Shape,
  { scale = 1, offset = 0 }: { scale?: number; offset?: number } = {},
): Float32Array<ArrayBuffer> {
  const key = `${scale} ${offset}`;
  const variant = variants.get(key) ?? pattern.map((u) => offset + scale * u);
  variants.set(key, variant);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i += length) {
    values.set(variant.subarray(0, Math.min(length, values.length - i)), i);
  }
  return values;
}

/** A weight whose products keep the size of what they multiply; those of norms are about 1. */
export function fastWeight(name: string, shape: Shape): Float32Array<ArrayBuffer> {
  if (shape.length > 1) return fastValues(shape, { scale: Math.sqrt(3 / sizeOf(shape.slice(1))) });
  return fastValues(shape, { scale: 0.1, offset: name.endsWith("weight") ? 1 : 0 });
}

/** Weights for all that `graphs` ask for. Hundreds of millions take less than a second. */
export function fastWeights(graphs: readonly Graph[]): WeightSource {
  const params = graphs.flatMap((graph) => tensorsOf(graph, "param"));
  const shapes = new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
  return { shapes, read: (name) => Promise.resolve(fastWeight(name, shapes.get(name)!)), release: free };
}
