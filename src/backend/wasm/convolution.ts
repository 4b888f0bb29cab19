import type { Algorithm } from "../algorithms.ts";
import type { Axes3, Volume, VolumeWindow } from "../volume.ts";
import type { Command } from "./commands.ts";

/** A convolution as the kernels see it. */
export interface Convolution extends VolumeWindow {
  readonly x: Volume;
  /** The shape of the result, before any depth-to-space. */
  readonly out: Volume;
  readonly swish?: boolean;
  readonly depthToSpace?: boolean;
  /** Where results are written if not contiguously: to every `step`-th position of a map of `size`, from `first` on. */
  readonly into?: { readonly step: Axes3; readonly first: Axes3; readonly size: Axes3 };
}

/** Addresses of a convolution's operands, 0 for those that it does not have. The weight is packed. */
export interface ConvPointers {
  readonly x: number;
  readonly affine: number;
  readonly weight: number;
  readonly bias: number;
  readonly residual: number;
  readonly out: number;
}

/** An algorithm for convolutions. It requests the memory that its commands share by `scratch`. */
export type ConvAlgorithm = Algorithm<
  [conv: Convolution, at: ConvPointers, scratch: (bytes: number) => number],
  Command
>;
