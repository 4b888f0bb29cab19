import { add, input } from "../graph/build.ts";
import { graphOf } from "../graph/trace.ts";
import { type TransformerConfig, transformerConfigKinds } from "../networks/transformer/config.ts";
import { teacherForced } from "../networks/transformer/network.ts";
import { checkOptions, flag, type Kinds, numberFrom, required, wholeNumber } from "../tensor/options.ts";
import { blockEnds } from "./blocks.ts";
import { LossScale } from "./loss_scale.ts";
import { tokenLoss } from "./losses/next_token.ts";
import { trainable } from "./parameters.ts";
import { Dropper } from "./randomness.ts";
import type { TrainingStep } from "./training_step.ts";
import { accumulateGradients } from "./accumulate_gradients.ts";
import { applyGradients, checkUpdate, type UpdateConfig, updateKinds } from "./apply_gradients.ts";

/** What a transformer is trained with. */
export interface TransformerStepConfig extends UpdateConfig {
  /** Rate of dropout on the embeddings, and behind attention and feed-forward layers. */
  readonly dropout: number;
  /** How often a class is replaced by the null class, which guidance needs. */
  readonly classDropout: number;
  /** Whether what lies within blocks is computed a second time for the gradients, which takes less memory. */
  readonly gradientCheckpointing?: boolean;
}

const action = "make a step of training";

const kinds: Kinds<TransformerStepConfig & { n: number }> = {
  n: required(wholeNumber(1, 2 ** 16)),
  dropout: required(numberFrom(0, 0.99)),
  classDropout: required(numberFrom(0, 0.99)),
  gradientCheckpointing: flag,
  ...updateKinds,
};

/**
 * One step of a transformer's training (docs/model.md, Training the transformer) on n images: `classes` u32 `[n]`,
 * `pre` and `post` u32 `[n,positions]`, by AdamW on the sum of both sub-tokens' cross-entropies.
 *
 * Other inputs of `gradients`: `stepRandom` with dropout; of `apply`: `adamStep`. States: parameters, averages (`ema.…`), moments and gradients (`grad.…`); `initializeStates` writes their
 * first values. Outputs of `gradients`, each `[]`: `loss`, `loss_pre`, `loss_post` in nats; of `apply`: `grad_norm` before
 * clipping, and the logs of `applyGradients`.
 */
export function transformerStep(
  model: TransformerConfig,
  options: TransformerStepConfig & { n: number },
): TrainingStep {
  checkOptions(model, transformerConfigKinds, `${action}: model`);
  checkOptions(options, kinds, action);
  checkUpdate(options, action);
  const { n, ...config } = options;
  const tokens = (name: string) => input(name, { shape: [n, model.grid ** 2], dtype: "u32" });
  const pre = tokens("pre"), post = tokens("post"), labels = input("classes", { shape: [n], dtype: "u32" });
  const dropper = new Dropper();
  const classes = dropper.replace(labels, { rate: config.classDropout, none: model.classes });
  const logits = teacherForced(model, { classes, pre, post }, (x) => dropper.drop(x, config.dropout));
  const { outputs: losses, parameters } = trainable({
    pre: tokenLoss(logits.logits_pre, pre),
    post: tokenLoss(logits.logits_post, post),
  });

  const loss = add(losses.pre, losses.post), kept = config.gradientCheckpointing ? blockEnds(losses) : [];
  const objectives = [{ optimizer: "adam", loss, parameters: [...parameters.values()], kept }];
  const scale = config.lossScale && new LossScale(config.lossScale);
  const accumulated = accumulateGradients(objectives, { microbatches: config.microbatches, scale });
  const { effects, norms, logs } = applyGradients(objectives, config, scale);
  return {
    parameters,
    initial: scale?.initial ?? new Map(),
    gradients: graphOf({ loss, loss_pre: losses.pre, loss_post: losses.post }, accumulated),
    apply: graphOf({ grad_norm: norms[0]!, ...logs }, effects),
  };
}
