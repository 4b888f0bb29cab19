import type { Operand } from "./operand.ts";

/** Ops that read nothing: they name a value that is given, or hold one. */
export type Leaf = "input" | "param" | "constant" | "state";
/** Ops whose result is the memory of one of their inputs; see `viewed`. */
export type View = "reshape" | "straight_through";

const leaves: Readonly<Record<Leaf, true>> = { input: true, param: true, constant: true, state: true };
/** The input whose memory each view shows. */
const views: Readonly<Record<View, string>> = { reshape: "x", straight_through: "value" };
/** Ops that write states, and which of their inputs these are. */
const writers: Readonly<Record<string, readonly string[]>> = {
  assign: ["state"],
  adam: ["parameter", "m", "v", "average"],
};

/** Whether the op of `tensor` is a leaf: it reads nothing. */
export function isLeaf({ op }: Operand): boolean {
  return Object.hasOwn(leaves, op);
}

/** Whether the op of `tensor` computes its elements. Leaves and views do not. */
export function isComputed(tensor: Operand): boolean {
  return !isLeaf(tensor) && !Object.hasOwn(views, tensor.op);
}

/** The states that an op writes in place. */
export function writtenStates<T extends Operand>(tensor: T): T[] {
  const inputs = tensor.inputs as Readonly<Record<string, T | undefined>>;
  return (writers[tensor.op] ?? []).map((name) => inputs[name]).filter((state) => state !== undefined);
}

/** The tensor whose elements a view shows, or that an assignment writes to. */
export function viewed<T extends Operand>(tensor: T): T {
  const [written] = writtenStates(tensor);
  if (written) return written;
  if (!Object.hasOwn(views, tensor.op)) return tensor;
  return viewed((tensor.inputs as Readonly<Record<string, T>>)[views[tensor.op as View]]!);
}
