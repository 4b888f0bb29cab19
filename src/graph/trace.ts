import type { OpName, Spec, Tensor, TensorOf } from "./ops.ts";
import { inputsOf } from "./ops.ts";
import { placeAssignments } from "./assignments.ts";
import { input } from "./build.ts";

/** A traced function: its inputs, its outputs and every tensor in between, in the order of computation. */
export interface Graph {
  /** All tensors, each after those that its op reads. */
  readonly tensors: readonly Tensor[];
  /** The results of a run, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Ops with side effects: assignments to states. */
  readonly effects: readonly Tensor[];
}

/** Calls `fn` on handles of the given specs, and collects what its results depend on. */
export function trace(
  specs: Readonly<Record<string, Spec>>,
  fn: (inputs: Readonly<Record<string, Tensor>>) => Record<string, Tensor>,
): Graph {
  const inputs = Object.entries(specs).map(([name, spec]) => [name, input(name, spec)] as const);
  return graphOf(fn(Object.fromEntries(inputs)));
}

/** The graph of everything that `outputs` and `effects` depend on. Throws `ArgumentError` for assignments that are read. */
export function graphOf(outputs: Readonly<Record<string, Tensor>>, effects: readonly Tensor[] = []): Graph {
  const tensors: Tensor[] = [];
  const seen = new Set<Tensor>();
  // An explicit stack: graphs of unrolled programs are deeper than the call stack.
  const stack: { tensor: Tensor; entered: boolean }[] = [];
  for (const output of [...Object.values(outputs), ...effects]) {
    stack.push({ tensor: output, entered: false });
    while (stack.length > 0) {
      const { tensor, entered } = stack.pop()!;
      if (entered) tensors.push(tensor);
      else if (!seen.has(tensor)) {
        seen.add(tensor);
        stack.push({ tensor, entered: true });
        for (const read of inputsOf(tensor).reverse()) stack.push({ tensor: read, entered: false });
      }
    }
  }
  return { tensors: placeAssignments(tensors), outputs, effects };
}

/** The graph's tensors made by `op`. */
export function tensorsOf<O extends OpName>(graph: Graph, op: O): TensorOf<O>[] {
  return graph.tensors.filter((tensor) => tensor.op === op) as unknown as TensorOf<O>[];
}

/** How many ops read each tensor; being an output or an effect counts as well. */
export function countUses(graph: Graph): Map<Tensor, number> {
  const uses = new Map<Tensor, number>(graph.tensors.map((tensor) => [tensor, 0]));
  const reads = [...graph.tensors.flatMap(inputsOf), ...Object.values(graph.outputs), ...graph.effects];
  for (const tensor of reads) uses.set(tensor, uses.get(tensor)! + 1);
  return uses;
}
