import type { SamplingSettings } from "./settings.ts";

/** One candidate of an image. */
export interface Candidate {
  /** The class's number. */
  readonly classId: number;
  /** The image's number: with the seed and the settings it decides what is generated. */
  readonly index: number;
  /** Which of the image's candidates it is. */
  readonly candidate: number;
}

/** A candidate on its way: how its tokens are generated, and those generated so far. */
export interface Generation extends Candidate {
  /** The seed of the request. */
  readonly seed: number;
  /** How its tokens are sampled. */
  readonly settings: SamplingSettings;
  /** All tokens of the image, of which the first `count` are generated. */
  readonly tokens: Uint32Array;
  /** Tokens that are generated so far. */
  count: number;
}

/**
 * Philox's counter: the image, the position and the candidate. Its block of four words is more than the two that a
 * position needs.
 */
export function counterOf(
  { index, candidate }: Candidate,
  position: number,
): [number, number, number, number] {
  return [index, position, candidate, 0];
}

/** Whether an image takes a second row, under the null class. */
export function isGuided({ guidance }: SamplingSettings): boolean {
  return guidance.some((scale) => scale > 1);
}
