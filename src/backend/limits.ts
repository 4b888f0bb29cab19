import type { Tensor } from "../graph/ops.ts";
import type { Graph } from "../graph/trace.ts";

const known = new WeakMap<Graph, ReadonlyMap<string, number>>();

/** For each input of `graph` that ops take as numbers of rows, how many rows there are. */
export function limitsOf(graph: Graph): ReadonlyMap<string, number> {
  const found = known.get(graph);
  if (found) return found;
  const limits = new Map<string, number>();
  for (const tensor of graph.tensors) {
    for (const [index, limit] of indicesOf(tensor)) {
      for (const name of inputsIn(index)) limits.set(name, Math.min(limit, limits.get(name) ?? Infinity));
    }
  }
  known.set(graph, limits);
  return limits;
}

/** The names of inputs whose elements stand in a tensor as they came. */
function inputsIn(tensor: Tensor): string[] {
  switch (tensor.op) {
    case "input":
      return [tensor.attrs.name];
    case "reshape":
    case "slice":
    case "permute":
      return inputsIn(tensor.inputs.x);
    case "concat":
    case "select":
      return [...inputsIn(tensor.inputs.a), ...inputsIn(tensor.inputs.b)];
    default:
      return [];
  }
}

/** The indices that an op reads, each with the number of what they choose from. */
function indicesOf(tensor: Tensor): (readonly [index: Tensor, limit: number])[] {
  switch (tensor.op) {
    case "embedding":
      return [[tensor.inputs.index, tensor.inputs.table.shape[0]!]];
    case "embedding_grad":
      return [[tensor.inputs.index, tensor.attrs.vocabSize]];
    case "cross_entropy":
    case "cross_entropy_grad":
      return [[tensor.inputs.target, tensor.inputs.logits.shape[1]!]];
    case "rope":
      return [[tensor.inputs.position, tensor.inputs.table.shape[0]!]];
    case "attention_step":
      return [[tensor.inputs.position, tensor.inputs.cache.shape[3]!]];
    default:
      return [];
  }
}
