import type { Tensor } from "../graph/ops.ts";
import { graphKind } from "../graph/kind.ts";
import { type Graph, tensorsOf } from "../graph/trace.ts";
import { unfit } from "../tensor/describe.ts";
import { mapOf, numberFrom } from "../tensor/options.ts";
import { isShape, type Shape } from "../tensor/shape.ts";

/**
 * A step of training, as two graphs over the same states. Between them gradients can be summed over several hosts; a step
 * of several microbatches runs the first graph for each, then the second.
 */
export interface TrainingStep {
  /** Losses of a microbatch; adds its gradients to the states `grad.<parameter>`. */
  readonly gradients: Graph;
  /** The optimizer's step from the gradients in the states. */
  readonly apply: Graph;
  /** The trained parameters, by name. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** Other states that do not start at 0, with the value that they start with, by name. */
  readonly initial: ReadonlyMap<string, number>;
}

/** Names and shapes of all states of a step that outlive it: all but gradients. */
export function statesOf({ gradients, apply }: TrainingStep): Map<string, Shape> {
  const states = [gradients, apply].flatMap((graph) => tensorsOf(graph, "state"));
  return new Map(
    states.map(({ attrs: { name, shape } }) => [name, shape] as const)
      .filter(([name]) => !name.startsWith("grad.")),
  );
}

const parametersKind = mapOf(
  (value) => isShape((value as Partial<Tensor> | null | undefined)?.shape),
  "the trained parameters by name",
);
const initialKind = mapOf(numberFrom(-Infinity, Infinity).fits, "numbers by name");

/** Throws `ArgumentError` for what is no step of training; `action` completes "Cannot …". */
export function checkStep(value: TrainingStep, action: string): void {
  const { gradients, apply, parameters, initial } = (value ?? {}) as Partial<TrainingStep>;
  const fits = graphKind.fits(gradients) && graphKind.fits(apply) && parametersKind.fits(parameters) &&
    initialKind.fits(initial);
  if (!fits) {
    throw unfit(`Cannot ${action}: step`, "a step that tokenizerStep or transformerStep gave", value);
  }
}
