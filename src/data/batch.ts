import type { HostTensor } from "../tensor/tensor.ts";
import type { Pick } from "./picks.ts";

/** What a step trains on. */
export interface Batch {
  /** Images `[n,size,size,3]` in [−1,1]. */
  readonly images: HostTensor<"f32">;
  /** Classes `[n]`; zeros where the source has no labels. */
  readonly labels: HostTensor<"u32">;
  /** What was taken, after damaged images were replaced. */
  readonly picks: readonly Pick[];
}

/** Batches by step, prepared ahead of it. Disposing ends the threads, not the source. */
export interface Batches extends AsyncDisposable {
  /** The batch of step `step` (from 0), any number of times and in any order; going on by one is quick. */
  batch(step: number): Promise<Batch>;
}
