import type { Tensor } from "../graph/ops.ts";
import type { Graph } from "../graph/trace.ts";

/** A step of training. */
export interface TrainingStep {
  /** The program of one step. */
  readonly graph: Graph;
  /** The parameters that it changes, by name. */
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** Other states that begin with another number than 0, by name. */
  readonly initial: ReadonlyMap<string, number>;
}
