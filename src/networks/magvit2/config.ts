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

/** Pixels per token along each side. */
export function downsamplingFactor({ chMult }: TokenizerConfig): number {
  return 2 ** (chMult.length - 1);
}
