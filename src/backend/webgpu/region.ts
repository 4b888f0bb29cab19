import type { Piece } from "./memory.ts";

/** Where a tensor is stored: pieces in order, none larger than a binding. */
export interface Region {
  readonly pieces: readonly Piece[];
  /** Whether kernels may write it. */
  readonly written: boolean;
  /** Whether its elements, f32 to the kernels, are f16 there. */
  readonly f16: boolean;
}
