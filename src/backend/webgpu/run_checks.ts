import { type Graph, tensorsOf } from "../../graph/trace.ts";
import { ArgumentError, BackendError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { ActivationFormat } from "../backend.ts";
import type { Session } from "./session.ts";

/** Whether activations are kept as f16. Throws `BackendError` where they are to be and cannot. */
export function f16On({ f16 }: Session, activations: ActivationFormat = "f32"): boolean {
  if (activations === "f32" || f16) return activations === "f16";
  throw new BackendError("Cannot keep activations as f16", {
    expected: "a device with the feature shader-f16",
    got: "one without it",
    hint: "keep them as f32",
  });
}

/** Throws `ArgumentError` where `feedback`, input to output, names what does not fit together. */
export function checkFeedback(graph: Graph, feedback: Readonly<Record<string, string>>): void {
  for (const [input, output] of Object.entries(feedback)) {
    const from = graph.outputs[output],
      to = tensorsOf(graph, "input").find(({ attrs }) => attrs.name === input);
    if (from && to && from.dtype === to.dtype && sameShape(from.shape, to.shape)) continue;
    throw new ArgumentError(`Cannot run the program: feedback from ${output} to ${input}`, {
      expected: "an output and an input of the same shape and type",
      got: `${from ? formatShape(from.shape) : "no such output"} and ${
        to ? formatShape(to.shape) : "no such input"
      }`,
    });
  }
}
