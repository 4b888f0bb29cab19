import type { Tensor, TensorOf } from "../../graph/ops.ts";
import type { LoweredOp } from "../lowered_ops.ts";
import type { KernelBuild } from "./builds.ts";
import type { Command } from "./commands.ts";

/** Where tensors lie in memory. */
export interface Addresses {
  /** The address of a tensor's elements; 0 for none. */
  of(tensor: Tensor | undefined): number;
  /** Requests `bytes` of scratch memory for the commands of this op; returns its address. Each call gives another piece. */
  scratch(bytes: number): number;
  /** Whether a weight lies packed for the op that reads it; else that op's commands pack it. */
  packed(tensor: Tensor): boolean;
}

/** How each of some ops becomes commands. */
export type Rules<O extends LoweredOp> = {
  readonly [P in O]: (tensor: TensorOf<P>, at: Addresses) => Command[];
};

/**
 * What programs of training need.
 *
 * @internal
 */
export interface TrainingKernels {
  /** All kernels, those of inference among them. */
  readonly build: KernelBuild;
  /** A rule for each op, complete by type. */
  readonly lowering: Rules<LoweredOp>;
}
