import type { Tensor, TensorOf } from "../../graph/ops.ts";
import type { KernelName, TrainingKernelName } from "./_generated.ts";
import type { Constants } from "./specialise.ts";

/** Scratch memory that the commands of one op share while the op runs. */
export interface Scratch {
  readonly scratch: string;
  readonly bytes: number;
}

/** The layout of a weight on the device: as in the checkpoint, as a matrix for products, or as an embedding table. */
export type WeightLayout = "plain" | "matrix" | "table";

/** A weight in a layout that differs from the checkpoint's. */
export interface Packed {
  readonly packed: TensorOf<"param">;
  readonly layout: Exclude<WeightLayout, "plain">;
  /** Whether f16 is read as words, even by devices that read f16. */
  readonly words?: boolean;
}

/** What is bound to a kernel's binding. */
export type Operand = Tensor | Scratch | Packed;

/** Workgroups of a dispatch along x, y and z. */
export type Workgroups = readonly [number, number, number];

/** The name of any kernel. */
export type AnyKernelName = KernelName | TrainingKernelName;

/** One dispatch. */
export interface Command {
  readonly kernel: AnyKernelName;
  /** The source of the kernel, if inference does not include it. */
  readonly source?: string;
  readonly constants: Constants;
  /** By name of the binding in the kernel; `undefined` for bindings that it does not declare with these constants. */
  readonly bindings: Readonly<Record<string, Operand | undefined>>;
  readonly workgroups: Workgroups;
  readonly flop: number;
  /** Whether the kernel can do a part of the workgroups along y, told by the constant SPLIT and the binding `first`. */
  readonly splits?: boolean;
}

/** Threads of a workgroup in kernels that do not choose a workgroup size. */
export const workgroupSize = 64;
/** Workgroups along one dimension of a dispatch that every adapter allows. */
export const maxWorkgroups = 65535;

/** `count` workgroups along x, folded into x and y if one dimension cannot hold them. */
export function folded(count: number): Workgroups {
  const rows = Math.ceil(count / maxWorkgroups);
  return [Math.ceil(count / rows), rows, 1];
}

/** A number as WGSL writes it. */
export function float(value: number): string {
  return `f32(${value})`;
}
