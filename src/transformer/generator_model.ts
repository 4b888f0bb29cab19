import { isSource } from "../models/check_source.ts";
import type { ModelSource } from "../models/find.ts";
import { hintKinds, type ModelHints } from "../models/hints.ts";
import type { TokenizerModel } from "../models/tokenizer_weights.ts";
import type { TransformerModel } from "../models/transformer_weights.ts";
import { runtimeKinds, type RuntimeOptions } from "../runtime/options.ts";
import { checkModel } from "../runtime/check_model.ts";
import { tokenizerConfigKinds } from "../networks/magvit2/config.ts";
import { transformerConfigKinds } from "../networks/transformer/config.ts";
import { unfit } from "../tensor/describe.ts";
import { checkOptions, type Kinds, texts } from "../tensor/options.ts";
import { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type SamplingSettings, settingsKinds } from "./settings.ts";

/** How a generator is loaded. */
export interface GeneratorOptions extends ModelHints, RuntimeOptions {
  /**
   * The tokenizer whose decoder makes the images; default: that of the transformer's own checkpoint. One that is loaded is
   * shared, not disposed with the generator; give both the same `backend`.
   */
  tokenizer?: ModelSource | Tokenizer;
}

/** The kinds of `GeneratorOptions`. */
export const generatorKinds: Kinds<GeneratorOptions> = {
  tokenizer: {
    expected: "a Tokenizer or the source of one",
    fits: (value) => value instanceof Tokenizer || isSource(value),
  },
  ...hintKinds,
  ...runtimeKinds,
};

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

/** Throws `ArgumentError` for what is no model of a generator. */
export function checkGeneratorModel(model: GeneratorModel): void {
  const action = "load the generator";
  checkModel(model?.transformer, transformerConfigKinds, `${action}: transformer`);
  const { transformer: { config: { classes } }, tokenizer, classNames, sampling } = model;
  if (!(tokenizer instanceof Tokenizer)) checkModel(tokenizer, tokenizerConfigKinds, `${action}: tokenizer`);
  if (classNames !== undefined && !(texts.fits(classNames) && classNames.length === classes)) {
    throw unfit(`Cannot ${action}: classNames`, `a list of ${classes} texts`, classNames);
  }
  if (sampling !== undefined) checkOptions(sampling, settingsKinds, `${action}: sampling`);
}
