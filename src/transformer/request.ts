import type { Cancellable } from "../backend/backend.ts";
import { unfit } from "../tensor/describe.ts";
import { isListOf } from "../tensor/every.ts";
import { cancellable, type Kind, type Kinds, record, required, wholeNumber } from "../tensor/options.ts";
import { type ClassId, classNumber } from "./classes.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import type { Batch } from "./generate_tokens.ts";
import { type Given, takeGiven } from "./given.ts";
import {
  maxCandidates,
  samplingKinds,
  type SamplingOptions,
  type SamplingSettings,
  samplingSettings,
} from "./settings.ts";

export type { Given } from "./given.ts";

/** Images to generate. */
export interface GenerateOptions extends SamplingOptions, Cancellable {
  /** Classes, by number or, if the model has class names, by name; `null` for images of no class. */
  classIds: ClassId | readonly ClassId[];
  /** Images of each class; default 1. */
  n?: number;
  /** A whole number up to 2⁵³ − 1: the same seed generates the same images. Default 0. */
  seed?: number;
  /** Number of the first image; default 0. Image i is the same image in every request with this seed, class and settings. */
  first?: number;
  /**
   * Draws a part of an image anew, position by position given all tokens before: every image keeps the tokens outside of the
   * mask. A mask of ones gives what is generated without it.
   */
  given?: Given;
}

/** The options of `Generator.stream`. */
export interface StreamOptions extends GenerateOptions {
  /** Rows of tokens between unfinished images; 0, the default, gives none. */
  everyRows?: number;
}

/** Most images of a request. */
export const maxImages = 1024;
/** Images, counting each candidate, that are generated in one batch. */
const batchSize = maxCandidates;

const classKind: Kind = {
  expected: "a class or a list of classes, by number or name",
  fits: (value) =>
    isListOf(
      Array.isArray(value) ? value : [value],
      (id) => typeof id === "number" || typeof id === "string" || id === null,
    ),
};

/** The kinds of `GenerateOptions`. */
export const generateKinds: Kinds<GenerateOptions> = {
  classIds: required(classKind),
  n: wholeNumber(1, maxImages),
  seed: { ...wholeNumber(0), expected: "a whole number from 0 to 2^53 − 1" },
  first: wholeNumber(0, 2 ** 32 - 1 - maxImages),
  given: record,
  ...samplingKinds,
  ...cancellable,
};

/** The kinds of `StreamOptions`. */
export const streamKinds: Kinds<StreamOptions> = { ...generateKinds, everyRows: wholeNumber(0) };

/** A request, cut into batches. */
export interface Plan {
  readonly settings: SamplingSettings;
  readonly batches: readonly Batch[];
}

/**
 * Completes a request, whose options were checked, from `sampling`. Throws `ArgumentError` for a class that the model does not
 * have, and for too many images.
 */
export function planOf(
  { classIds, n = 1, seed = 0, first = 0, given, ...options }: GenerateOptions,
  { config, names, sampling }: {
    config: TransformerConfig;
    names?: readonly string[];
    sampling: SamplingSettings;
  },
): Plan {
  const settings = samplingSettings(options, sampling);
  const kept = given && takeGiven(given, config);
  const ids: readonly ClassId[] = Array.isArray(classIds) ? classIds : [classIds as ClassId];
  const count = ids.length * n, { expected, fits } = wholeNumber(1, maxImages);
  if (!fits(count)) throw unfit("Cannot generate images: images", expected, count);
  const classes = ids.flatMap((id) => new Array<number>(n).fill(classNumber(id, { ...config, names })));
  const batches: Batch[] = [];
  const images = Math.floor(batchSize / settings.candidates);
  for (let begin = 0; begin < classes.length; begin += images) {
    const candidates = classes.slice(begin, begin + images).flatMap((classId, i) =>
      Array.from(
        { length: settings.candidates },
        (_, candidate) => ({ classId, index: first + begin + i, candidate }),
      )
    );
    batches.push({ candidates, seed, settings, ...kept && { kept } });
  }
  return { settings, batches };
}
