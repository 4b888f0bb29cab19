import type { Operand } from "./operand.ts";

/** Ops whose result is the memory of one of their inputs, and which. */
const views: Readonly<Record<string, string>> = { reshape: "x", straight_through: "value" };
/** Ops that write states, and which of their inputs these are. */
const writers: Readonly<Record<string, readonly string[]>> = {
  assign: ["state"],
  adam: ["parameter", "m", "v", "average"],
};

/** The states that an op writes in place. */
export function writtenStates<T extends Operand>(tensor: T): T[] {
  const inputs = tensor.inputs as Readonly<Record<string, T | undefined>>;
  return (writers[tensor.op] ?? []).map((name) => inputs[name]).filter((state) => state !== undefined);
}

/** The tensor whose elements a view shows, or that an assignment writes to. */
export function viewed<T extends Operand>(tensor: T): T {
  const [written] = writtenStates(tensor);
  if (written) return written;
  const name = views[tensor.op];
  return name === undefined ? tensor : viewed((tensor.inputs as Readonly<Record<string, T>>)[name]!);
}
