import { isListOf } from "../tensor/every.ts";
import { type Kind, record } from "../tensor/options.ts";
import { isShape } from "../tensor/shape.ts";
import type { Graph } from "./trace.ts";

/** A graph. */
export const graphKind: Kind = {
  expected: "a graph",
  fits: (value) => {
    const { tensors, outputs, effects } = (value ?? {}) as Partial<Graph>;
    return isListOf(tensors, isTraced) && isListOf(effects, isTraced) &&
      record.fits(outputs) && isListOf(Object.values(outputs!), isTraced);
  },
};

function isTraced(value: unknown): boolean {
  const { op, inputs, attrs, shape } = (value ?? {}) as Partial<Graph["tensors"][number]>;
  return typeof op === "string" && record.fits(inputs) && record.fits(attrs) && isShape(shape);
}
