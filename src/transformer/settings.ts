import { isListOf } from "../tensor/every.ts";
import { checkKind, flag, type Kind, type Kinds, oneOf, required, wholeNumber } from "../tensor/options.ts";

/** One value for both sub-tokens, or a value for each. */
export type PerSubToken = number | readonly [number, number];

/** How tokens are sampled. Defaults are those of the model's sampling.json; the ones named here apply if it has none. */
export interface SamplingOptions {
  /** Scale of classifier-free guidance; 1 or less is without guidance. Default 4. */
  guidance?: PerSubToken;
  /** `constant`, or `linear`: from 1 at the first token up to `guidance` at the last. Default `constant`. */
  guidanceSchedule?: "constant" | "linear";
  /** Logits are divided by it; 0 always takes the most likely sub-token. Default 1. */
  temperature?: PerSubToken;
  /** Samples from the k most likely sub-tokens; 0, the default, from all. */
  topK?: PerSubToken;
  /** Samples from the most likely sub-tokens whose probabilities add up to p. Default 0.96. */
  topP?: PerSubToken;
  /** Always takes the most likely sub-token: temperature 0. */
  greedy?: boolean;
  /**
   * Number of images that are generated for each that is kept: the one to which the model, without guidance and at
   * temperature 1, gives the highest probability. Time grows in proportion. From 1, the default, to 8.
   */
  candidates?: number;
}

/** Sampling options, complete and checked, with a value for each sub-token. */
export interface SamplingSettings {
  /** See `SamplingOptions.guidance`. */
  readonly guidance: readonly [number, number];
  /** See `SamplingOptions.guidanceSchedule`. */
  readonly guidanceSchedule: "constant" | "linear";
  /** See `SamplingOptions.temperature`. */
  readonly temperature: readonly [number, number];
  /** See `SamplingOptions.topK`. */
  readonly topK: readonly [number, number];
  /** See `SamplingOptions.topP`. */
  readonly topP: readonly [number, number];
  /** See `SamplingOptions.candidates`. */
  readonly candidates: number;
}

/** Most candidates of an image: all are generated in one batch. */
export const maxCandidates = 8;

/** The settings of models that have no sampling.json. */
export const defaultSampling: SamplingSettings = {
  guidance: [4, 4],
  guidanceSchedule: "constant",
  temperature: [1, 1],
  topK: [0, 0],
  topP: [0.96, 0.96],
  candidates: 1,
};

/** The settings behind the published scores, by the width of the model: AR_256_B, L and XL. */
export function paperSettings(dim: number): SamplingSettings {
  checkKind(dim, wholeNumber(1), "Cannot choose settings: dim");
  const plain = { guidanceSchedule: "constant", topK: [0, 0], topP: [1, 1], candidates: 1 } as const;
  if (dim >= 1536) return { ...plain, guidance: [1.75, 1.85], temperature: [1.1, 1] };
  if (dim >= 1280) return { ...plain, guidance: [1.9, 1.9], temperature: [1.1, 1] };
  return { ...plain, guidance: [1.9, 2], temperature: [1, 1] };
}

/** The kinds of sampling options. */
export const samplingKinds: Kinds<SamplingOptions> = {
  guidance: perSubToken("from 0 to 1000", (value) => value >= 0 && value <= 1000),
  guidanceSchedule: oneOf(["constant", "linear"]),
  temperature: perSubToken(
    "0 (greedy) or from 0.001 to 1000",
    (value) => value === 0 || (value >= 0.001 && value <= 1000),
  ),
  topK: perSubToken("a whole number from 0 on", (value) => Number.isSafeInteger(value) && value >= 0),
  topP: perSubToken("above 0 and at most 1", (value) => value > 0 && value <= 1),
  greedy: flag,
  candidates: wholeNumber(1, maxCandidates),
};

/** The kinds of complete settings. */
export const settingsKinds: Kinds<SamplingSettings> = {
  guidance: pairOf(samplingKinds.guidance),
  guidanceSchedule: required(samplingKinds.guidanceSchedule),
  temperature: pairOf(samplingKinds.temperature),
  topK: pairOf(samplingKinds.topK),
  topP: pairOf(samplingKinds.topP),
  candidates: required(samplingKinds.candidates),
};

/** The kind of a pair of what is one number or two. */
function pairOf({ expected, fits }: Kind): Kind {
  return required({
    expected: expected.replace("one number or two", "two numbers"),
    fits: (value) => Array.isArray(value) && fits(value),
  });
}

function perSubToken(expected: string, fits: (value: number) => boolean): Kind {
  const isOne = (value: unknown) => typeof value === "number" && fits(value);
  return {
    expected: `${expected}, one number or two`,
    fits: (value) => isOne(value) || isListOf(value, isOne) && value.length === 2,
  };
}

/** Completes options that were checked, see `samplingKinds`, from `preset`. */
export function samplingSettings(options: SamplingOptions, preset: SamplingSettings): SamplingSettings {
  const { guidanceSchedule = preset.guidanceSchedule, greedy = false, candidates = preset.candidates } =
    options;
  const pair = (name: "guidance" | "temperature" | "topK" | "topP"): readonly [number, number] => {
    const value = options[name] ?? preset[name];
    return typeof value === "number" ? [value, value] : value;
  };
  const temperature = greedy ? [0, 0] as const : pair("temperature");
  return {
    guidance: pair("guidance"),
    guidanceSchedule,
    temperature,
    topK: pair("topK"),
    topP: pair("topP"),
    // Where both sub-tokens are always the likeliest, all candidates are one image.
    candidates: temperature.every((value) => value === 0) ? 1 : candidates,
  };
}

/** The guidance scale of each sub-token at `position` of `positions`; 1 is without guidance. */
export function guidanceAt(
  { guidance, guidanceSchedule }: SamplingSettings,
  { position, positions }: { position: number; positions: number },
): [number, number] {
  const share = guidanceSchedule === "linear" ? position / Math.max(1, positions - 1) : 1;
  return guidance.map((scale) => 1 + (Math.max(1, scale) - 1) * share) as [number, number];
}
