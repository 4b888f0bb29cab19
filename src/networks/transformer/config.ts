/** What a transformer is made of. */
export interface TransformerConfig {
  /** Width D of the embeddings. */
  readonly dim: number;
  /** Attention heads. */
  readonly heads: number;
  /** Blocks over the positions of the image. */
  readonly layers: number;
  /** Blocks over the two sub-tokens of a position. */
  readonly factorizedLayers: number;
  /** Width inside of the feed-forward layers. */
  readonly hidden: number;
  /** Bits of the first and of the second sub-token. */
  readonly bits: readonly [number, number];
  /** Tokens along each side of an image. */
  readonly grid: number;
  /** Classes, without the null class of guidance. */
  readonly classes: number;
}

/** The path in a checkpoint below which the transformer's weights are. */
export const transformerPath = "transformer";
