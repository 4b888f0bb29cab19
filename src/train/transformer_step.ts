import { grad } from "../autograd/grad.ts";
import { add, input } from "../graph/build.ts";
import { graphOf } from "../graph/trace.ts";
import type { TransformerConfig } from "../transformer/config.ts";
import { teacherForced } from "../transformer/programs.ts";
import { allFinite, guarded } from "./guard.ts";
import { blockEnds } from "./blocks.ts";
import { tokenLoss } from "./losses/next_token.ts";
import { adam, type AdamConfig } from "./optimizer/adam.ts";
import { clipScale } from "./optimizer/clip.ts";
import { trainable } from "./parameters.ts";
import { Dropper } from "./randomness.ts";
import type { TrainingStep } from "./training_step.ts";

/** What a transformer is trained with. */
export interface TransformerStepConfig {
  /** Rate of dropout on the embeddings, and behind attention and feed-forward layers. */
  readonly dropout: number;
  /** How often a class is replaced by the null class, which guidance needs. */
  readonly classDropout: number;
  readonly adam: AdamConfig;
  /** How fast tensors of two or more dimensions decay; the others do not. */
  readonly weightDecay: number;
  /** The largest common length of all gradients: longer ones are scaled down to it. */
  readonly clip: number;
  /** Whether what lies within blocks is computed a second time for the gradients, which takes less memory. */
  readonly recompute?: boolean;
  /** Decay of the parameters' moving averages; none are kept if not given. */
  readonly emaDecay?: number;
}

/**
 * One step of a transformer's training (MODEL.md §6, §9) on n pictures: `classes` u32 `[n]`, `pre` and `post` u32
 * `[n,positions]`, by AdamW on the sum of both sub-tokens' cross-entropies.
 *
 * Inputs beside those: that of `adamStep`, and of `stepRandom` where anything is dropped. Parameters, averages (`ema.…`)
 * and moments are states; where to begin says `beginTraining`. Outputs, each one number: `loss`, `loss_pre`, `loss_post`
 * in nats; `grad_norm`, before clipping; `finite`, 1, or 0 where loss or gradients are not: then all states stay as they
 * were.
 */
export function transformerStep(
  model: TransformerConfig,
  { n, ...config }: TransformerStepConfig & { n: number },
): TrainingStep {
  const tokens = (name: string) => input(name, { shape: [n, model.grid ** 2], dtype: "u32" });
  const pre = tokens("pre"), post = tokens("post"), labels = input("classes", { shape: [n], dtype: "u32" });
  const dropper = new Dropper();
  const classes = dropper.replace(labels, { rate: config.classDropout, none: model.classes });
  const logits = teacherForced(model, { classes, pre, post }, (x) => dropper.drop(x, config.dropout));
  const { outputs: losses, parameters } = trainable({
    pre: tokenLoss(logits.logits_pre, pre),
    post: tokenLoss(logits.logits_post, post),
  });

  const loss = add(losses.pre, losses.post), trained = [...parameters.values()];
  const gradients = grad(loss, trained, { kept: config.recompute ? blockEnds(losses) : [] });
  const { scale, norm } = clipScale(gradients, config.clip);
  const members = trained.map((parameter, i) => ({
    parameter,
    gradient: gradients[i]!,
    decay: parameter.shape.length >= 2 ? config.weightDecay : 0,
  }));
  const updates = adam(members, { ...config.adam, emaDecay: config.emaDecay, scale });
  const finite = allFinite([loss, norm]);
  return {
    parameters,
    graph: graphOf(
      { loss, loss_pre: losses.pre, loss_post: losses.post, grad_norm: norm, finite },
      guarded(updates, finite),
    ),
  };
}
