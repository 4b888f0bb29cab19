import type { TransformerConfig } from "../networks/transformer/config.ts";
import { unfit } from "../tensor/describe.ts";
import { checkFields, type Kind, record, required, wholeNumber } from "../tensor/options.ts";
import { type SamplingSettings, settingsKinds } from "./settings.ts";

/** One candidate of an image. */
export interface Candidate {
  /** The class's number. */
  readonly classId: number;
  /** Number of the image. With the seed, the class and the settings it determines the image. */
  readonly index: number;
  /** Number of the candidate among those of its image. */
  readonly candidate: number;
}

/** A candidate that is being generated. */
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

/** A candidate of which no token is generated yet; `positions` is how many its image has. */
export function beginGeneration(
  candidate: Candidate,
  { seed, settings, positions }: Pick<Generation, "seed" | "settings"> & { positions: number },
): Generation {
  return { ...candidate, seed, settings, tokens: new Uint32Array(positions), count: 0 };
}

/** Throws `ArgumentError` for what is no generation by a model of `config`; `action` completes "Cannot …". */
export function checkGeneration(
  value: Generation,
  { classes, grid, bits }: TransformerConfig,
  action: string,
): void {
  if (!record.fits(value)) throw unfit(`Cannot ${action}`, "an image that plan gave", value);
  const positions = grid ** 2, below = (limit: number) => required(wholeNumber(0, limit - 1));
  const tokens: Kind = {
    expected: `a Uint32Array of ${positions} tokens below ${2 ** (bits[0] + bits[1])}`,
    fits: (tokens) =>
      tokens instanceof Uint32Array && tokens.length === positions &&
      tokens.every((token) => token < 2 ** (bits[0] + bits[1])),
  };
  checkFields<Generation>(value, {
    classId: below(classes),
    index: below(2 ** 32),
    candidate: below(2 ** 32),
    seed: below(2 ** 53),
    settings: required(record),
    tokens: required(tokens),
    count: below(positions + 1),
  }, action);
  checkFields(value.settings, settingsKinds, `${action}: settings`);
}

/** A place in a batch: the image that is generated there, or `undefined` if it is free. */
export type Slot = Generation | undefined;

/** Philox's counter for a position. The block of four words that it gives is more than the two that a position needs. */
export function counterOf(
  { index, candidate }: Candidate,
  position: number,
): [number, number, number, number] {
  return [index, position, candidate, 0];
}

/** Whether images with these settings take a second row, for the null condition of guidance. */
export function isGuided({ guidance }: SamplingSettings): boolean {
  return guidance.some((scale) => scale > 1);
}
