import { flag, type Kinds, text, wholeNumber } from "../tensor/options.ts";

/** What the weights of a checkpoint do not say. Hints for a part that a model does not have are not used. */
export interface ModelHints {
  /** Takes a tokenizer's raw weights of a training checkpoint instead of their moving average (EMA). */
  raw?: boolean;
  /** What the names of the weights begin with, such as `ema.`, where a file holds several models of a kind. */
  prefix?: string;
  /** Attention heads of a transformer. Default: as the model's metadata says, or else its width / 64, as in all published models. */
  heads?: number;
  /** Tokens along each side of a transformer's images. Default: as the model's metadata says, or else 16. */
  grid?: number;
}

/** The kinds of hints. */
export const hintKinds: Kinds<ModelHints> = {
  raw: flag,
  prefix: text,
  heads: wholeNumber(1),
  grid: wholeNumber(1),
};
