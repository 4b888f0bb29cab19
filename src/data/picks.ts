/** Which images a step is made of, and what is done to them. */
export interface Pick {
  /** The image's place in its source. */
  readonly index: number;
  /** Whether left and right are exchanged. */
  readonly mirrored: boolean;
  /** Where the square is cut out of a longer image, as `Preparation` has it. */
  readonly crop: "center" | number;
}

/** Says which images a step takes: a function of its seed, step, slot and attempt alone. */
export interface Sampler {
  /** Images in a step. */
  readonly batch: number;
  /**
   * What step `step` (from 0) has at `slot`. Where an image turns out to be damaged, `attempt` 1, 2, … name those that
   * take its place.
   */
  pick(step: number, slot: number, attempt?: number): Pick;
}
