import { add, conv2d, linear, param } from "../../src/graph/build.ts";
import { type Graph, trace } from "../../src/graph/trace.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";

/** A convolution or product: the shapes of its input and of its weight, `[O,C,K,K]` or `[O,C]`. */
export interface Layer {
  readonly x: Shape;
  readonly weight: Shape;
}

/**
 * Equal layers, each waiting for the last, so that launches, transfers and read-backs take a small share of the time.
 * Each has a weight of its own, `weight.<i>`, so that caches do not hold them; or all have one, `weight`. Where a product's
 * result has not the size of its input, it is added to the next one's instead.
 */
export function layerChain(
  { x: shape, weight }: Layer,
  length: number,
  { shared = false }: { shared?: boolean } = {},
): Graph {
  const [outputs, inputs, kernel] = weight as [number, number, number?];
  return trace({ x: { shape, dtype: "f32" } }, ({ x }) => {
    const weightOf = (i: number) => param(shared ? "weight" : `weight.${i}`, weight);
    let y = x!;
    for (let i = 0; i < length; i++) {
      if (kernel !== undefined) y = conv2d(y, { weight: weightOf(i), stride: 1, padding: kernel >> 1 });
      else if (outputs === inputs) y = linear(y, { weight: weightOf(i) });
      else if (i === 0) y = linear(x!, { weight: weightOf(i) });
      else y = add(linear(x!, { weight: weightOf(i) }), y);
    }
    return { y };
  });
}

/** Floating-point operations of one layer. */
export function layerFlop({ x, weight }: Layer): number {
  return 2 * sizeOf(x.slice(0, -1)) * sizeOf(weight);
}
