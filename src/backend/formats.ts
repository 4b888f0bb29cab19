import { type Graph, tensorsOf } from "../graph/trace.ts";
import { BackendError } from "../tensor/errors.ts";
import type { CompileOptions, WeightFormat } from "./backend.ts";

/** The format of each weight that `graphs` read and that `format` concerns; all others are f32. */
export function weightFormats(graphs: readonly Graph[], format: WeightFormat): Map<string, WeightFormat> {
  const formats = new Map<string, WeightFormat>();
  if (format === "f32") return formats;
  for (const graph of graphs) {
    if (format === "f16") {
      for (const { inputs: { weight } } of tensorsOf(graph, "conv")) {
        if (weight.op === "param") formats.set(weight.attrs.name, format);
      }
    }
    for (const { inputs } of tensorsOf(graph, "embedding")) {
      if (inputs.table.op === "param") formats.set(inputs.table.attrs.name, "f16");
    }
    for (const { inputs: { weight, up } } of tensorsOf(graph, "linear")) {
      for (const tensor of [weight, up]) if (tensor?.op === "param") formats.set(tensor.attrs.name, format);
    }
  }
  return formats;
}

/** Throws `BackendError` where a backend, `name`, that stores activations as f32 alone is asked for another format. */
export function checkActivations({ activations = "f32" }: CompileOptions, name: string): void {
  if (activations === "f32") return;
  throw new BackendError(`Cannot keep activations as ${activations}`, {
    expected: "the backend webgpu",
    got: name,
    hint: "keep them as f32",
  });
}
