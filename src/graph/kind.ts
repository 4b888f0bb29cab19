import { type Kind, record } from "../tensor/options.ts";
import { isShape } from "../tensor/shape.ts";
import type { Graph } from "./trace.ts";

/** A graph. */
export const graphKind: Kind = {
  expected: "a graph",
  fits: (value) => {
    const { tensors, outputs, effects } = (value ?? {}) as Partial<Graph>;
    return Array.isArray(tensors) && tensors.every(isTraced) && record.fits(outputs) &&
      Array.isArray(effects);
  },
};

function isTraced(value: unknown): boolean {
  const { op, inputs, attrs, shape } = (value ?? {}) as Partial<Graph["tensors"][number]>;
  return typeof op === "string" && record.fits(inputs) && record.fits(attrs) && isShape(shape);
}
