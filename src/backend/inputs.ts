import type { Tensor, TensorOf } from "../graph/ops.ts";
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

/** The error of `compile` where `CompileOptions.states` is not a program of the same backend. */
export function foreignStates(): ArgumentError {
  return new ArgumentError("Cannot compile the program: states", {
    expected: "a program of the same backend",
    got: "another backend's",
  });
}

/**
 * Checks that the states which `graph` shares with another graph fit. Throws `ArgumentError` naming the state that does
 * not.
 */
export function checkShared(graph: Graph, other: Graph): void {
  const theirs = new Map(tensorsOf(other, "state").map((state) => [state.attrs.name, state]));
  for (const ours of tensorsOf(graph, "state")) {
    const state = theirs.get(ours.attrs.name);
    if (!state || JSON.stringify(state.attrs) === JSON.stringify(ours.attrs)) continue;
    throw new ArgumentError(`Cannot share the state ${ours.attrs.name}`, {
      expected: `${state.dtype} ${formatShape(state.shape)}`,
      got: `${ours.dtype} ${formatShape(ours.shape)}`,
    });
  }
}

/** The state `name` of `graph`, which `value` fits if given. Throws `ArgumentError`. */
export function checkState(graph: Graph, name: string, value?: HostTensor): TensorOf<"state"> & Tensor {
  const state = tensorsOf(graph, "state").find(({ attrs }) => attrs.name === name);
  if (!state || state.attrs.f16) {
    throw new ArgumentError(`Cannot use the state ${name}`, {
      expected: "a state of the program in f32 or u32",
      got: state ? "one in f16" : "none",
    });
  }
  if (value && (value.dtype !== state.dtype || !sameShape(value.shape, state.shape))) {
    throw new ArgumentError(`Cannot write the state ${name}`, {
      expected: `${state.dtype} ${formatShape(state.shape)}`,
      got: `${value.dtype} ${formatShape(value.shape)}`,
    });
  }
  return state as TensorOf<"state"> & Tensor;
}
