/** What a tokenizer is made of. All of it can be read off the shapes of its weights. */
export interface TokenizerConfig {
  readonly kind: "image" | "video";
  /** Channels of the first level. */
  readonly ch: number;
  /** Channels of each level, in multiples of `ch`; between levels the size halves. */
  readonly chMult: readonly number[];
  readonly numResBlocks: number;
  /** Bits of a token. */
  readonly zChannels: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** Pixels per token along each side. */
export function downsamplingFactor({ chMult }: TokenizerConfig): number {
  return 2 ** (chMult.length - 1);
}
