import type { Tensor, TensorOf } from "../../graph/ops.ts";
import type { KernelName, TrainingKernelName } from "./_generated.ts";
import type { Constants } from "./specialise.ts";

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

/** The name of any kernel. */
export type AnyKernelName = KernelName | TrainingKernelName;

/** One dispatch. */
export interface Command {
  readonly kernel: AnyKernelName;
  /** The kernel's text, of one that inference lacks. */
  readonly source?: string;
  readonly constants: Constants;
  /** By the names that the kernel gives its bindings; those that it does not have under these constants are `undefined`. */
  readonly bindings: Readonly<Record<string, Operand | undefined>>;
  readonly workgroups: Workgroups;
  readonly flop: number;
  /** Whether the kernel can do a part of the workgroups along y, told by the constant SPLIT and the binding `first`. */
  readonly splits?: boolean;
}

/** Threads of a workgroup in kernels that have no shape of their own. */
export const workgroupSize = 64;
/** Workgroups along one dimension of a dispatch that every adapter allows. */
export const maxWorkgroups = 65535;

/** Workgroups for `count` of them in a row, folded where one dimension does not hold them. */
export function folded(count: number): Workgroups {
  const rows = Math.ceil(count / maxWorkgroups);
  return [Math.ceil(count / rows), rows, 1];
}

/** A number as WGSL writes it. */
export function float(value: number): string {
  return `f32(${value})`;
}
