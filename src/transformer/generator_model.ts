import type { ModelSource } from "../models/find.ts";
import type { ModelHints } from "../models/hints.ts";
import type { TokenizerModel } from "../models/tokenizer_weights.ts";
import type { TransformerModel } from "../models/transformer_weights.ts";
import type { RuntimeOptions } from "../runtime/options.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { SamplingSettings } from "./settings.ts";

/** How a generator is loaded. */
export interface GeneratorOptions extends ModelHints, RuntimeOptions {
  /**
   * The tokenizer whose decoder makes the images; default: that of the transformer's own checkpoint. One that is loaded is
   * shared, not disposed with the generator; give both the same `backend`.
   */
  tokenizer?: ModelSource | Tokenizer;
}

/** The parts of a generator. */
export interface GeneratorModel {
  /** What generates tokens. */
  readonly transformer: TransformerModel;
  /** A tokenizer that is loaded, or one of which the decoder is loaded. */
  readonly tokenizer: TokenizerModel | Tokenizer;
  /** Names of the classes, by number. */
  readonly classNames?: readonly string[];
  /** How tokens are sampled unless a request says otherwise; default `defaultSampling`. */
  readonly sampling?: SamplingSettings;
}
