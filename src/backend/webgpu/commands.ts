import type { OpName, Tensor, TensorOf } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { KernelName } from "./_generated.ts";
import type { WeightFormat } from "../backend.ts";
import type { TrainingLowering } from "./lower.ts";
import type { Constants } from "./specialise.ts";
import type { Tiling } from "./tiles.ts";

/** Memory that the commands of one op share, for the time of that op. */
export interface Scratch {
  readonly scratch: string;
  readonly bytes: number;
}

/** How a weight lies on the device: as the checkpoint has it, as a matrix for products, or as a table to look up. */
export type WeightLayout = "plain" | "matrix" | "table";

/** A weight in another layout than the checkpoint's. */
export interface Packed {
  readonly packed: TensorOf<"param">;
  readonly layout: Exclude<WeightLayout, "plain">;
}

/** What a kernel's binding shows. */
export type Operand = Tensor | Scratch | Packed;

/** Workgroups of a dispatch along x, y and z. */
export type Workgroups = readonly [number, number, number];

/** A kernel by its name; one that is not of inference brings its text along. */
type Kernel =
  | { readonly kernel: KernelName; readonly source?: undefined }
  | { readonly kernel: string; readonly source: string };

/** One dispatch. */
export type Command = Kernel & {
  readonly constants: Constants;
  /** By the names that the kernel gives its bindings; those that it does not have under these constants are `undefined`. */
  readonly bindings: Readonly<Record<string, Operand | undefined>>;
  readonly workgroups: Workgroups;
  readonly flop: number;
  /** Whether the kernel can do a part of the workgroups along y, told by the constant SPLIT and the binding `first`. */
  readonly splits?: boolean;
};

/** Threads of a workgroup in kernels that have no shape of their own. */
export const workgroupSize = 64;
/** Workgroups along one dimension of a dispatch that every adapter allows. */
export const maxWorkgroups = 65535;

/** Workgroups for `count` of them in a row, folded where one dimension does not hold them. */
export function folded(count: number): Workgroups {
  const rows = Math.ceil(count / maxWorkgroups);
  return [Math.ceil(count / rows), rows, 1];
}

/** What commands are made for. */
export interface Target {
  readonly tiling: Tiling;
  /** Whether kernels can read halves; where not, they unpack them from words. */
  readonly f16: boolean;
  /** Bytes of workgroup memory that kernels may use. */
  readonly workgroupBytes: number;
  /** What programs of training need beside the rest; without, they are refused. */
  readonly training?: TrainingShaders;
  /** The format that the matrix or table `name` was loaded in. */
  format(name: string): WeightFormat;
}

/** What programs of training need: how their ops become commands, and how a run packs weights that it changes. */
export interface TrainingShaders {
  readonly lowering: TrainingLowering;
  /** The matrix that products read of a weight `[O,C]` or `[O,C,K,K]` in f32, and the command that makes it. */
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
