import type { SamplingSettings } from "./settings.ts";

/** One picture on its way: which it is, how its tokens are drawn, and those drawn so far. */
export interface Drawing {
  readonly classId: number;
  /** Its number: with the seed and the settings it decides what is drawn. */
  readonly index: number;
  readonly seed: number;
  readonly settings: SamplingSettings;
  /** All tokens of the picture, of which the first `count` are drawn. */
  readonly tokens: Uint32Array;
  count: number;
}

/** Whether a picture takes a second row, under the null class. */
export function isGuided({ guidance }: SamplingSettings): boolean {
  return guidance.some((scale) => scale > 1);
}
