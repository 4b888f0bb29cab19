import type { TransformerConfig } from "../networks/transformer/config.ts";
import { unfit } from "../tensor/describe.ts";
import { checkFields, type Kind, type Kinds, record, required, wholeNumber } from "../tensor/options.ts";
import type { Kept } from "./given.ts";
import { type SamplingSettings, settingsKinds } from "./settings.ts";

/** One candidate of an image. */
export interface Candidate {
  /** The class's number; the number of classes for none. */
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
  /** What of it is kept, if it is drawn anew in part. */
  readonly kept?: Kept;
}

/** A candidate of which no token is generated yet; `positions` is how many its image has. */
export function beginGeneration(
  candidate: Candidate,
  { seed, settings, positions, kept }: Pick<Generation, "seed" | "settings" | "kept"> & { positions: number },
): Generation {
  const tokens = kept?.tokens.slice() ?? new Uint32Array(positions);
  const count = kept && kept.end === 0 ? positions : 0;
  return { ...candidate, seed, settings, tokens, count, ...kept && { kept } };
}

/** Whether the token at a position is drawn. */
export function isDrawn({ kept }: Pick<Generation, "kept">, position: number): boolean {
  return !kept || kept.drawn[position] === 1;
}

/** Takes the token that was sampled for the next position, unless one is kept there; and all that are kept at the end. */
export function advance(generation: Generation, sampled: number): void {
  const { tokens, count, kept } = generation;
  if (isDrawn(generation, count)) tokens[count] = sampled;
  generation.count = kept && count + 1 >= kept.end ? tokens.length : count + 1;
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
    classId: below(classes + 1),
    index: below(2 ** 32),
    candidate: below(2 ** 32),
    seed: below(2 ** 53),
    settings: required(record),
    tokens: required(tokens),
    count: below(positions + 1),
    kept: record,
  }, action);
  if (value.kept) checkFields<Kept>(value.kept, keptKinds(positions), `${action}: kept`);
  checkFields(value.settings, settingsKinds, `${action}: settings`);
}

function keptKinds(positions: number): Kinds<Kept> {
  const holds = (value: unknown) => (value as { length?: unknown } | undefined)?.length === positions;
  return {
    tokens: required({
      expected: `a Uint32Array of ${positions}`,
      fits: (value) => value instanceof Uint32Array && holds(value),
    }),
    drawn: required({
      expected: `a Uint8Array of ${positions}`,
      fits: (value) => value instanceof Uint8Array && holds(value),
    }),
    end: required(wholeNumber(0, positions)),
  };
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
