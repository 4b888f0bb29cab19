import { add, constant, reshape, zeros } from "../graph/build.ts";
import { inputsOf, type OpName, type Tensor, type TensorOf } from "../graph/ops.ts";
import { graphOf } from "../graph/trace.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { gradientRule } from "./rules.ts";

/** How gradients are built. */
export interface GradOptions {
  /**
   * Tensors that are kept for the gradients. What lies before them is computed a second time where a gradient needs it,
   * which trades time for memory. Default: all.
   */
  readonly kept?: readonly Tensor[];
}

/**
 * The gradients of `loss` (one element) by each of `params`, which may be any tensors that it was made of, as more of
 * the same graph. Gradients add up in a fixed order; where `loss` does not depend on one of them, it is zeros.
 *
 * Differentiate a graph as it was built: fused forms have no gradients. Throws `ArgumentError` where `loss` has not one
 * element, or depends on `params` by an op that cannot be differentiated.
 */
export function grad(loss: Tensor, params: readonly Tensor[], { kept = [] }: GradOptions = {}): Tensor[] {
  if (sizeOf(loss.shape) !== 1) {
    throw new ArgumentError("Cannot differentiate", {
      expected: "a loss of one element",
      got: formatShape(loss.shape),
      hint: "sum it first",
    });
  }
  const { tensors } = graphOf({ loss });
  const wanted = new Set(params);
  // Forwards: what depends on the parameters by ops through which gradients flow.
  const depends = new Set<Tensor>();
  for (const tensor of tensors) {
    const rule = gradientRule(tensor), flows = rule !== "leaf" && rule !== "discrete";
    if (wanted.has(tensor) || (flows && carried(tensor).some((read) => depends.has(read)))) {
      depends.add(tensor);
    }
  }
  const again = kept.length > 0 ? recomputed(tensors, kept) : (tensor: Tensor) => tensor;
  const gradients = new Map<Tensor, Tensor>([[loss, reshape(constant(1), loss.shape)]]);
  for (const tensor of tensors.toReversed()) {
    const dy = gradients.get(tensor);
    if (!dy || !depends.has(tensor)) continue;
    const needed = Object.entries(tensor.inputs as Record<string, Tensor | undefined>)
      .filter((entry): entry is [string, Tensor] => entry[1] !== undefined && depends.has(entry[1]));
    if (needed.length === 0 || gradientRule(tensor) === "discrete") continue;
    const found = differentiate(again(tensor), dy);
    for (const [name, read] of needed) {
      const gradient = found[name];
      if (gradient === "stops") continue;
      if (!gradient) throw undifferentiable(tensor.op, `its input ${name}`);
      const before = gradients.get(read);
      gradients.set(read, before ? add(before, gradient) : gradient);
    }
  }
  return params.map((param) => gradients.get(param) ?? zeros(param.shape));
}

/**
 * What stands for a tensor in gradients: a copy, made of what is kept, if it lies before a kept tensor; itself if it is
 * kept, or reads nothing, or comes after all of them.
 */
function recomputed(tensors: readonly Tensor[], kept: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const before = new Set<Tensor>(kept);
  for (const tensor of tensors.toReversed()) {
    if (before.has(tensor)) { for (const read of inputsOf(tensor)) before.add(read); }
  }
  const copies = new Map<Tensor, Tensor>(kept.map((tensor) => [tensor, tensor]));
  return function again(tensor: Tensor): Tensor {
    if (!before.has(tensor) || inputsOf(tensor).length === 0) return tensor;
    let copy = copies.get(tensor);
    if (!copy) {
      const inputs = Object.entries(tensor.inputs as Record<string, Tensor | undefined>)
        .map(([name, read]) => [name, read && again(read)] as const);
      copy = { ...tensor, inputs: Object.fromEntries(inputs) } as Tensor;
      copies.set(tensor, copy);
    }
    return copy;
  };
}

/** The inputs from which a gradient can flow. */
function carried(tensor: Tensor): Tensor[] {
  const inputs: Record<string, Tensor | undefined> = tensor.op === "straight_through"
    ? { gradient: tensor.inputs.gradient }
    : tensor.inputs;
  return Object.values(inputs).filter((read) => read !== undefined);
}

function differentiate(tensor: Tensor, dy: Tensor): Readonly<Record<string, Tensor | "stops" | undefined>> {
  const rule = gradientRule(tensor);
  if (typeof rule === "string") throw undifferentiable(tensor.op, `an op of the kind ${rule}`);
  return rule(tensor as TensorOf<OpName>, dy);
}

function undifferentiable(op: OpName, what: string): ArgumentError {
  return new ArgumentError(`Cannot differentiate ${op}`, {
    expected: "an op with a gradient",
    got: what,
    hint: "differentiate the graph before fusion, and detach what is not to be differentiated",
  });
}
