import type { Tensor } from "../graph/ops.ts";
import type { Graph } from "../graph/trace.ts";

/** A step of training, and the parameters that it changes, by name. */
export interface TrainingStep {
  readonly graph: Graph;
  readonly parameters: ReadonlyMap<string, Tensor>;
}
