import { graphKind } from "../graph/kind.ts";
import type { Graph } from "../graph/trace.ts";
import { unfit } from "../tensor/describe.ts";
import { elementsOf } from "../tensor/elements.ts";
import { ArgumentError } from "../tensor/errors.ts";
import {
  callback,
  cancellable,
  checkKind,
  checkOptions,
  type Kind,
  type Kinds,
  listOf,
  oneOf,
  required,
  shapesByName,
  withMethods,
} from "../tensor/options.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import {
  activationFormatNames,
  type CompileOptions,
  type LoadOptions,
  weightFormatNames,
  type WeightSource,
} from "./backend.ts";

/** Where weights come from. */
export const weightSource: Kind = {
  expected: "a source of weights { shapes, read }",
  fits: (value) => {
    const { shapes, read } = (value ?? {}) as Partial<WeightSource>;
    return shapesByName.fits(shapes) && typeof read === "function";
  },
};

const loadKinds: Kinds<LoadOptions> = {
  graphs: required(listOf(graphKind, "a list of graphs")),
  format: oneOf(weightFormatNames),
  onProgress: callback,
  ...cancellable,
};

const compileKinds: Kinds<CompileOptions> = {
  activations: oneOf(activationFormatNames),
  states: withMethods("a program", ["run"]),
};

/** A backend. */
export const backendKind: Kind = withMethods("a backend", ["load", "compile"]);

/** Throws `ArgumentError` for what `Backend.load` cannot be given. */
export function checkLoad(source: WeightSource, options: LoadOptions): void {
  checkOptions(options, loadKinds, "load the weights");
  if (!weightSource.fits(source)) {
    throw unfit("Cannot load the weights: source", weightSource.expected, source);
  }
}

/**
 * The weight `name` of a source, row-major. Throws `ArgumentError` if it is not an array of as many numbers as the shape
 * says.
 */
export async function readWeight(
  source: Pick<WeightSource, "read">,
  { name, shape }: { name: string; shape: Shape },
): Promise<Float32Array> {
  const subject = `Cannot load the weight ${name}`;
  return elementsOf("f32", await source.read(name), { subject, length: sizeOf(shape) });
}

/** Throws `ArgumentError` for what `Backend.compile` cannot be given, except weights and states, of which each backend knows its own. */
export function checkCompile(graph: Graph, options: CompileOptions): void {
  checkOptions(options, compileKinds, "compile the program");
  checkKind(graph, graphKind, "Cannot compile the program: graph");
}

/** The error of `compile` for weights that another backend loaded. */
export function foreignWeights(weights: unknown): ArgumentError {
  return unfit("Cannot compile the program: weights", "what this backend's load gave", weights);
}

/** The error of `compile` where `CompileOptions.states` is not a program of the same backend. */
export function foreignStates(): ArgumentError {
  return new ArgumentError("Cannot compile the program: states", {
    expected: "a program of the same backend",
    got: "another backend's",
  });
}
