import { type Kinds, listOf, oneOf, required, wholeNumber } from "../../tensor/options.ts";

/** What a tokenizer is made of. All of it can be read off the shapes of its weights. */
export interface TokenizerConfig {
  /** What is encoded. */
  readonly kind: "image" | "video";
  /** Channels of the first level. */
  readonly ch: number;
  /** Channels of each level, in multiples of `ch`; between levels the size halves. */
  readonly chMult: readonly number[];
  /** ResBlocks of each level. */
  readonly numResBlocks: number;
  /** Bits of a token. */
  readonly zChannels: number;
  /** Channels of images that are encoded. */
  readonly inChannels: number;
  /** Channels of images that are decoded. */
  readonly outChannels: number;
}

/** The kinds of a configuration's fields. */
export const tokenizerConfigKinds: Kinds<TokenizerConfig> = {
  kind: required(oneOf(["image", "video"])),
  ch: required(wholeNumber(1, 2 ** 16)),
  chMult: required(listOf(wholeNumber(1, 2 ** 10), "a list of whole numbers from 1 on", { from: 1, to: 10 })),
  numResBlocks: required(wholeNumber(1, 100)),
  zChannels: required(wholeNumber(1, 32)),
  inChannels: required(wholeNumber(1, 2 ** 10)),
  outChannels: required(wholeNumber(1, 2 ** 10)),
};

/** Whether the frames of films halve after a level, too: where its width is not that of the first one. */
export function isTemporal({ kind, chMult }: TokenizerConfig, level: number): boolean {
  return kind === "video" && chMult[level] !== 1;
}

/** Frames per token, but for the first frame, which has tokens of its own; 1 for images. */
export function framesPerToken(config: TokenizerConfig): number {
  return config.chMult.slice(0, -1).reduce(
    (frames, _, level) => frames * (isTemporal(config, level) ? 2 : 1),
    1,
  );
}

/** Pixels per token along each side. */
export function downsamplingFactor({ chMult }: TokenizerConfig): number {
  return 2 ** (chMult.length - 1);
}
