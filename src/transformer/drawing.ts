import type { SamplingSettings } from "./settings.ts";

/** One candidate of a picture. */
export interface Candidate {
  readonly classId: number;
  /** The picture's number: with the seed and the settings it decides what is drawn. */
  readonly index: number;
  /** Which of the picture's candidates it is. */
  readonly candidate: number;
}

/** A candidate on its way: how its tokens are drawn, and those drawn so far. */
export interface Drawing extends Candidate {
  readonly seed: number;
  readonly settings: SamplingSettings;
  /** All tokens of the picture, of which the first `count` are drawn. */
  readonly tokens: Uint32Array;
  count: number;
}

/**
 * Philox's counter: the picture, the position and the candidate. Its block of four words is more than the two that a
 * position needs.
 */
export function counterOf(
  { index, candidate }: Candidate,
  position: number,
): [number, number, number, number] {
  return [index, position, candidate, 0];
}

/** Whether a picture takes a second row, under the null class. */
export function isGuided({ guidance }: SamplingSettings): boolean {
  return guidance.some((scale) => scale > 1);
}
