import type { Tensor, TensorOf } from "../graph/ops.ts";
import { type Graph, tensorsOf } from "../graph/trace.ts";
import { describe, unfit } from "../tensor/describe.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { cancellable, checkOptions, record } from "../tensor/options.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { type GraphDType, type HostTensor, tensorOf } from "../tensor/tensor.ts";
import type { Cancellable } from "./backend.ts";
import { limitsOf } from "./limits.ts";

/** Tensors by the names of a graph's inputs. */
export type NamedTensors = Readonly<Record<string, HostTensor>>;

/**
 * What a run of `graph` takes of `inputs`, as every backend reads it: tensors of the right type and shape, with elements in
 * the array of their type and, where ops take them as numbers of rows, below the number of these. The inputs `except` may be
 * missing. Throws `ArgumentError` naming the input that is not right.
 */
export function takeInputs(graph: Graph, inputs: NamedTensors, except: readonly string[] = []): NamedTensors {
  if (!record.fits(inputs)) throw unfit("Cannot run the program: inputs", "tensors by name", inputs);
  const limits = limitsOf(graph), taken: Record<string, HostTensor> = {};
  for (const { attrs: { name, ...spec } } of tensorsOf(graph, "input")) {
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (given === undefined && except.includes(name)) continue;
    const subject = `Cannot run the program: input ${name}`;
    taken[name] = fitting(given, spec, subject);
    checkBelow(taken[name].data, limits.get(name) ?? Infinity, subject);
  }
  return taken;
}

/** What `Program.run` takes of its arguments. Throws `ArgumentError` as `takeInputs` does, and for a wrong option. */
export function takeRun(graph: Graph, inputs: NamedTensors, options: Cancellable): NamedTensors {
  checkOptions(options, cancellable, "run the program");
  return takeInputs(graph, inputs);
}

/**
 * What runs of `steps` take, one after the other, where outputs become inputs as `feedback` (input to output) says. Throws
 * `ArgumentError` as `takeInputs` does, and where the two do not fit together.
 */
export function takeSteps(
  graph: Graph,
  steps: readonly NamedTensors[],
  feedback: Readonly<Record<string, string>>,
): NamedTensors[] {
  if (!Array.isArray(steps)) throw unfit("Cannot run the program: steps", "a list of inputs", steps);
  checkFeedback(graph, feedback);
  return Array.from(
    steps,
    (inputs, step) => takeInputs(graph, inputs, step === 0 ? [] : Object.keys(feedback)),
  );
}

function checkFeedback(graph: Graph, feedback: Readonly<Record<string, string>>): void {
  if (!record.fits(feedback)) throw unfit("Cannot run the program: feedback", "outputs by input", feedback);
  const inputs = new Map(tensorsOf(graph, "input").map((input) => [input.attrs.name, input]));
  for (const [input, output] of Object.entries(feedback)) {
    const from = Object.hasOwn(graph.outputs, output) ? graph.outputs[output] : undefined;
    const to = inputs.get(input);
    if (from && to && from.dtype === to.dtype && sameShape(from.shape, to.shape)) continue;
    throw new ArgumentError(`Cannot run the program: feedback from ${describe(output)} to ${input}`, {
      expected: "an output and an input of the same shape and type",
      got: `${from ? formatSpec(from) : "no such output"} and ${to ? formatSpec(to) : "no such input"}`,
    });
  }
}

/** Throws `ArgumentError` if an element is not below `limit`. */
function checkBelow(data: HostTensor["data"], limit: number, subject: string): void {
  if (limit === Infinity) return;
  const bad = data.findIndex((value) => value >= limit);
  if (bad < 0) return;
  throw new ArgumentError(subject, { expected: `numbers below ${limit}`, got: `${data[bad]} at ${bad}` });
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

/** The state `name` of `graph`, if it can be read and written. Throws `ArgumentError`. */
export function stateOf(graph: Graph, name: string): TensorOf<"state"> & Tensor {
  const state = tensorsOf(graph, "state").find(({ attrs }) => attrs.name === name);
  if (state && !state.attrs.f16) return state as TensorOf<"state"> & Tensor;
  throw new ArgumentError(`Cannot use the state ${describe(name)}`, {
    expected: "a state of the program in f32 or u32",
    got: state ? "one in f16" : "none",
  });
}

/** A value for a state. Throws `ArgumentError` if it does not fit. */
export function valueFor({ attrs: { name, ...spec } }: TensorOf<"state">, value: HostTensor): HostTensor {
  return fitting(value, spec, `Cannot write the state ${name}`);
}

/** The tensor `value` of this type and shape. Throws `ArgumentError` for another. */
function fitting(value: unknown, spec: { dtype: GraphDType; shape: Shape }, subject: string): HostTensor {
  const expected = formatSpec(spec), tensor = tensorOf(value, subject, expected);
  if (tensor.dtype === spec.dtype && sameShape(tensor.shape, spec.shape)) return tensor;
  throw new ArgumentError(subject, { expected, got: formatSpec(tensor) });
}

function formatSpec({ dtype, shape }: { dtype: GraphDType; shape: Shape }): string {
  return `${dtype} ${formatShape(shape)}`;
}
