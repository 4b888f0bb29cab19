import { type Graph, tensorsOf } from "../graph/trace.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { HostTensor } from "../tensor/tensor.ts";

/** Checks that `inputs` are what `graph` takes. Throws `ArgumentError` naming the input that is not. */
export function checkInputs(graph: Graph, inputs: Readonly<Record<string, HostTensor>>): void {
  for (const { attrs: { name, shape, dtype } } of tensorsOf(graph, "input")) {
    const given = inputs[name];
    if (given?.dtype === dtype && sameShape(given.shape, shape)) continue;
    throw new ArgumentError(`Cannot run the program: input ${name}`, {
      expected: `${dtype} ${formatShape(shape)}`,
      got: given ? `${given.dtype} ${formatShape(given.shape)}` : "nothing",
    });
  }
}
