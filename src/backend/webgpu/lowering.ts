import type { OpName, Tensor, TensorOf } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { WeightFormat } from "../backend.ts";
import type { LoweredOp } from "../lowered_ops.ts";
import type { Command, Scratch } from "./commands.ts";
import type { TileTarget } from "./tiles.ts";

/** How each of some ops becomes commands. */
export type Rules<O extends LoweredOp> = {
  readonly [P in O]: (tensor: TensorOf<P>, target: Target) => Command[];
};

/** What commands are made for. */
export interface Target extends TileTarget {
  /** Whether kernels can read f16; where not, they unpack them from words. */
  readonly f16: boolean;
  /** What programs of training need beside the rest; without, they are refused. */
  readonly training?: TrainingShaders;
  /** The format that the matrix or table `name` was loaded in. */
  format(name: string): WeightFormat;
}

/**
 * What programs of training need: how their ops become commands, and how a run packs weights that it changes.
 *
 * @internal
 */
export interface TrainingShaders {
  /** The texts of the kernels that inference lacks. */
  readonly sources: Readonly<Record<string, string>>;
  /** A rule for each op, complete by type. */
  readonly lowering: Rules<LoweredOp>;
  /** The matrix that products read of a weight `[O,C,…]` in f32, and the command that makes it. */
  pack(weight: Tensor): { matrix: Scratch; command: Command };
}

/** The error for a graph of training, where the backend is not set up for it. */
export function notForTraining(op: OpName): BackendError {
  return new BackendError(`Cannot run ${op} on WebGPU`, {
    expected: "a graph of inference",
    got: "an op, or weights that a run computes, which only training has",
    hint: "set the backend up for training",
  });
}
