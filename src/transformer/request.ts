import type { Cancellable } from "../backend/backend.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { type ClassId, classNumber } from "./classes.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import type { Batch } from "./generate_tokens.ts";
import { maxCandidates, type SamplingOptions, type SamplingSettings, samplingSettings } from "./settings.ts";

/** Images to generate. */
export interface GenerateOptions extends SamplingOptions, Cancellable {
  /** Classes, by number or, if the model has class names, by name. */
  classIds: ClassId | readonly ClassId[];
  /** Images of each class; default 1. */
  n?: number;
  /** A whole number up to 2⁵³ − 1: the same seed generates the same images. Default 0. */
  seed?: number;
  /** Number of the first image; default 0. Image i is the same image in every request with this seed, class and settings. */
  first?: number;
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

/** A checked request, cut into batches. */
export interface Plan {
  readonly settings: SamplingSettings;
  readonly batches: readonly Batch[];
}

/** Checks a request and completes it from `sampling`. Throws `ArgumentError` naming what is wrong. */
export function planOf(
  { classIds, n = 1, seed = 0, first = 0, ...options }: GenerateOptions,
  { config, names, sampling }: {
    config: TransformerConfig;
    names?: readonly string[];
    sampling: SamplingSettings;
  },
): Plan {
  const settings = samplingSettings(options, sampling);
  const ids = typeof classIds === "number" || typeof classIds === "string" ? [classIds] : classIds;
  whole("n", n, 1, maxImages);
  whole("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  whole("first", first, 0, 2 ** 32 - 1 - maxImages);
  const classes = ids.flatMap((id) => new Array<number>(n).fill(classNumber(id, { ...config, names })));
  whole("images", classes.length, 1, maxImages);
  const batches: Batch[] = [];
  const images = Math.floor(batchSize / settings.candidates);
  for (let begin = 0; begin < classes.length; begin += images) {
    const candidates = classes.slice(begin, begin + images).flatMap((classId, i) =>
      Array.from(
        { length: settings.candidates },
        (_, candidate) => ({ classId, index: first + begin + i, candidate }),
      )
    );
    batches.push({ candidates, seed, settings });
  }
  return { settings, batches };
}

function whole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new ArgumentError(`Cannot generate images: ${name}`, {
    expected: `a whole number from ${least} to ${most}`,
    got: String(value),
  });
}
