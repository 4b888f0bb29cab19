import { type Kinds, listOf, required, wholeNumber } from "../../tensor/options.ts";

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

/** The kinds of a configuration's fields. */
export const transformerConfigKinds: Kinds<TransformerConfig> = {
  dim: required(wholeNumber(1, 2 ** 16)),
  heads: required(wholeNumber(1, 2 ** 10)),
  layers: required(wholeNumber(1, 2 ** 10)),
  factorizedLayers: required(wholeNumber(1, 2 ** 10)),
  hidden: required(wholeNumber(1, 2 ** 20)),
  bits: required(listOf(wholeNumber(1, 16), "two whole numbers from 1 to 16", { from: 2, to: 2 })),
  grid: required(wholeNumber(1, 256)),
  classes: required(wholeNumber(1, 2 ** 24)),
};

/** The path in a checkpoint below which the transformer's weights are. */
export const transformerPath = "transformer";
