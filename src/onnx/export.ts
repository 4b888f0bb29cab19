import { operationOf, type OpName, type Tensor } from "../graph/ops.ts";
import { isLeaf } from "../graph/views.ts";
import { graphKind } from "../graph/kind.ts";
import { type Graph, tensorsOf } from "../graph/trace.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { checkKind, checkOptions, type Kinds, oneOf, record, texts, withMethods } from "../tensor/options.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { Emitter, type ExportWeights } from "./emitter.ts";
import type { Exporter } from "./exporter.ts";
import { exporters } from "./exporters.ts";
import type { ValueInfo } from "./messages.ts";
import { type ModelParts, OnnxModel } from "./model.ts";

/** How a graph is exported. */
export interface OnnxOptions {
  /** Type of weights, and of what is computed on the way from inputs to outputs, which stay f32; default `f32`. */
  dtype?: "f32" | "f16";
  /** Inputs and outputs `[N,…,C]` that the file has as `[N,C,…]`, the order of PyTorch. */
  channelsFirst?: readonly string[];
  /**
   * The same function, traced for other sizes. Axes whose lengths differ between the two take any length in the file. Throws
   * `ArgumentError` where an op must know it.
   */
  resized?: Graph;
  /** Names of the axes of inputs and outputs, in the file's order; needed for those of any length alone. */
  axes?: Readonly<Record<string, readonly string[]>>;
}

const kinds: Kinds<OnnxOptions> = {
  dtype: oneOf(["f32", "f16"]),
  channelsFirst: texts,
  resized: graphKind,
  axes: {
    expected: "lists of names by name",
    fits: (value) => record.fits(value) && Object.values(value as object).every(texts.fits),
  },
};

/**
 * The ONNX model (opset 17) of a graph. Its inputs are those of the graph and, by their names, the states whose values from
 * before a run matter; its outputs those of the graph, in their order, and the states after it. An output that is the
 * next value of an input, as those of states, has the input's name with `.next` behind it. f32 stays f32, u32 is int64,
 * states in f16 are float16.
 *
 * Nothing is read from `weights` before the model is written. Throws `ArgumentError` naming an op that cannot be exported.
 */
export function exportOnnx(graph: Graph, weights: ExportWeights, options: OnnxOptions = {}): OnnxModel {
  const action = "export the graph", reader = withMethods("a source of weights { read }", ["read"]);
  checkOptions(options, kinds, action);
  checkKind(graph, graphKind, `Cannot ${action}: graph`);
  checkKind(weights, reader, `Cannot ${action}: weights`);
  const { resized, axes = {} } = options;
  const parts = emit(graph, weights, options);
  if (!resized) return new OnnxModel(parts);
  const others = emit(resized, weights, options);
  checkAlike(parts, others);
  const open = (values: readonly ValueInfo[], resized: readonly ValueInfo[]) =>
    values.map(({ name, type, shape }, i): ValueInfo => {
      const other = resized[i]!.shape;
      const lengths = shape.map((length, axis) =>
        length === other[axis] ? length : axes[name]?.[axis] ?? `${name}_${axis}`
      );
      return { name, type, shape: lengths };
    });
  return new OnnxModel({
    ...parts,
    inputs: open(parts.inputs, others.inputs),
    outputs: open(parts.outputs, others.outputs),
  });
}

function emit(
  graph: Graph,
  weights: ExportWeights,
  { dtype = "f32", channelsFirst = [] }: OnnxOptions,
): ModelParts {
  const to = new Emitter(weights, dtype);
  const first = (name: string) => channelsFirst.includes(name);
  const inputs = tensorsOf(graph, "input").map((tensor): ValueInfo => {
    const { attrs: { name, shape, dtype } } = tensor;
    const value = dtype === "f32" ? to.narrow(name) : name;
    to.set(tensor as Tensor, first(name) ? { first: value } : value);
    return { name, type: dtype === "f32" ? "f32" : "i64", shape: first(name) ? toFirst(shape) : shape };
  });
  for (const tensor of graph.tensors) {
    if (!isLeaf(tensor)) to.set(tensor, named(tensor, to));
  }
  const outputs = Object.entries(graph.outputs).map(([output, tensor]): ValueInfo => {
    const value = first(output) ? to.first(tensor) : to.plain(tensor), isFloat = tensor.dtype === "f32";
    const name = inputs.some((input) => input.name === output) ? nextOf(output) : output;
    to.rename(isFloat ? to.wide(value) : value, name);
    return {
      name,
      type: isFloat ? "f32" : "i64",
      shape: first(output) ? toFirst(tensor.shape) : tensor.shape,
    };
  });
  const next = to.states.outputs.map(([state, value]): ValueInfo => {
    const name = nextOf(state.attrs.name);
    to.rename(value, name);
    return { name, type: to.typeOf(state), shape: state.shape };
  });
  const states = to.states.inputs.map((state): ValueInfo => ({
    name: state.attrs.name,
    type: to.typeOf(state),
    shape: state.shape,
  }));
  const { nodes, initializers } = to;
  return { inputs: [...inputs, ...states], outputs: [...outputs, ...next], nodes, initializers };
}

/** The name of an output that is the next value of an input. */
export function nextOf(name: string): string {
  return `${name}.next`;
}

/** Emits what computes a tensor. One that holds nothing is not computed: ops of ONNX do not agree on what they make of nothing. */
function named(tensor: Tensor, to: Emitter): ReturnType<Exporter<OpName>> {
  const exporter = exporters[tensor.op];
  if (typeof exporter !== "function") {
    throw new ArgumentError(`Cannot export ${operationOf(tensor)} to ONNX`, {
      expected: "an op of inference",
      got: exporter.unsupported,
    });
  }
  if (sizeOf(tensor.shape) === 0) {
    return tensor.dtype === "f32" ? to.floats([], tensor.shape) : to.ints([], tensor.shape);
  }
  return (exporter as Exporter<OpName>)(tensor as never, to);
}

/** Throws `ArgumentError` if two exports are not of one function that is the same for all sizes. */
function checkAlike(a: ModelParts, b: ModelParts): void {
  const text = ({ nodes, initializers }: ModelParts) => [
    ...nodes.map((node) => JSON.stringify(node)),
    ...initializers.map(({ name, type, shape, constant, data }) =>
      `${name} ${type} ${shape} ${constant ? data() : ""}`
    ),
  ];
  const [first, second] = [text(a), text(b)];
  const at = first.findIndex((line, i) => line !== second[i]);
  if (at < 0 && first.length === second.length) return;
  throw new ArgumentError("Cannot export the graph for any size", {
    expected: "ops that are the same for all sizes",
    got: `${first[at] ?? "fewer"}, and ${second[at] ?? "fewer"}`,
  });
}

/** The shape `[N,…,C]` as `[N,C,…]`. */
function toFirst(shape: Shape): Shape {
  return [shape[0]!, shape.at(-1)!, ...shape.slice(1, -1)];
}
