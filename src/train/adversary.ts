import { grad } from "../autograd/grad.ts";
import { add, assign, clamp, constant, detach, div, mul, state, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { Scope } from "../nn/scope.ts";
import type { Statistics } from "../nn/batch_norm.ts";
import { checkFields, type Kinds, numberFrom, oneOf, required, wholeNumber } from "../tensor/options.ts";
import { type Batches, flattened, runningEffects, unflattened } from "./batch_norm_states.ts";
import { blurGan, type BlurGanConfig } from "./blur_gan.ts";
import {
  type DiscriminatorLoss,
  discriminatorLoss,
  generatorLoss,
  lecam,
  meanOf,
} from "./losses/adversarial.ts";
import { gradientNorm } from "./optimizer/clip.ts";
import { patchGan, type PatchGanConfig } from "../networks/patch_gan.ts";

/** Which discriminator, and its loss. */
export type DiscriminatorConfig =
  & {
    readonly loss: DiscriminatorLoss;
    readonly lecamWeight: number;
    /** The weight of the generator's adversarial loss; without one it adapts to the gradients at the last layer. */
    readonly generatorWeight?: number;
  }
  & (({ readonly kind: "patch" } & PatchGanConfig) | ({ readonly kind: "blur" } & BlurGanConfig));

const patchKinds: Kinds<PatchGanConfig> = {
  ndf: required(wholeNumber(1, 2 ** 12)),
  layers: required(wholeNumber(1, 10)),
};
const blurKinds: Kinds<BlurGanConfig> = {
  channels: required(wholeNumber(1, 2 ** 12)),
  stages: required(wholeNumber(1, 10)),
};

/** Throws `ArgumentError` for a wrong field of a discriminator; `action` completes "Cannot …". */
export function checkDiscriminator(config: DiscriminatorConfig, action: string): void {
  checkFields<Pick<DiscriminatorConfig, "kind" | "loss" | "lecamWeight" | "generatorWeight">>(config, {
    kind: required(oneOf(["patch", "blur"])),
    loss: required(oneOf(["hinge", "vanilla", "non-saturating"])),
    lecamWeight: required(numberFrom(0, Infinity)),
    generatorWeight: numberFrom(0, Infinity),
  }, action);
  if (config.kind === "patch") checkFields<PatchGanConfig>(config, patchKinds, action);
  else checkFields<BlurGanConfig>(config, blurKinds, action);
}

/** Where the discriminator's weights are in a checkpoint of training. */
export const discriminatorPath = "loss.discriminator";

/** What a discriminator says of images and of their reconstructions. */
export interface Judged {
  /** Logits `[N,h,w,1]`. */
  readonly real: Tensor;
  readonly fake: Tensor;
  /** The statistics of its BatchNorms in both passes. */
  readonly batches: { readonly real: Batches; readonly fake: Batches };
}

/** Both passes through a discriminator, as tensors that may be replaced, and how to read them then. */
export function judgements(
  config: DiscriminatorConfig,
  { real: x, fake: decoded }: { real: Tensor; fake: Tensor },
): { tensors: Record<string, Tensor>; read: (tensors: Record<string, Tensor>) => Judged } {
  const scope = new Scope(discriminatorPath);
  const judge = (images: Tensor) =>
    config.kind === "patch"
      ? patchGan(scope, images, config)
      : { logits: blurGan(scope, images, config), batches: new Map<string, Statistics>() };
  const real = judge(x), fake = judge(decoded), norms = [...real.batches.keys()];
  return {
    tensors: {
      real: real.logits,
      fake: fake.logits,
      ...flattened("real", real.batches),
      ...flattened("fake", fake.batches),
    },
    read: (tensors) => ({
      real: tensors.real!,
      fake: tensors.fake!,
      batches: { real: unflattened("real", norms, tensors), fake: unflattened("fake", norms, tensors) },
    }),
  };
}

/** What a discriminator adds to a step. */
export interface Opponent {
  /** A term of the generator's loss. */
  readonly generator: Tensor;
  /** The discriminator's own loss. */
  readonly discriminator: Tensor;
  readonly logs: Record<string, Tensor>;
  /** What both change beside parameters. */
  readonly effects: Tensor[];
  /** Lengths of gradients that decide the weight: where one is not finite the weight may be, and yet be wrong. */
  readonly checked: Tensor[];
}

/**
 * What a discriminator adds to a step.
 *
 * Logs: `g_loss`, `d_weight`, `disc_loss`, `adversarial_loss` (without LeCam), `lecam_loss`, `logits_real`,
 * `logits_fake`. Both losses count `factors` times; LeCam's averages are those of a step of `microbatches`; `nll` and the parameter `last` are what the weight adapts to, by
 * gradients of losses times `scale`, where losses are scaled.
 */
export function adversary(
  config: DiscriminatorConfig,
  { judged: { real, fake, batches }, nll, last, factors, microbatches = 1, scale }: {
    judged: Judged;
    nll: Tensor;
    last: Tensor;
    factors: { readonly generator: Tensor; readonly discriminator: Tensor };
    microbatches?: number;
    scale?: Tensor;
  },
): Opponent {
  const adversarial = generatorLoss(fake);
  const { weight, lengths } = config.generatorWeight === undefined
    ? adaptiveWeight({ nll, generator: adversarial }, { last, scale })
    : { weight: constant(config.generatorWeight), lengths: [] };
  const generator = mul(mul(weight, factors.generator), adversarial);
  const averages = { real: scalarState("lecam.real"), fake: scalarState("lecam.fake") };
  const regulariser = lecam({ real, fake }, averages, { microbatches });
  const plain = discriminatorLoss(config.loss, { real, fake });
  const lecamLoss = mul(regulariser.loss, constant(config.lecamWeight));
  const discriminator = mul(factors.discriminator, add(plain, lecamLoss));
  return {
    generator,
    discriminator,
    logs: {
      g_loss: generator,
      d_weight: weight,
      disc_loss: discriminator,
      adversarial_loss: plain,
      lecam_loss: regulariser.loss,
      logits_real: meanOf(real),
      logits_fake: meanOf(fake),
    },
    effects: [
      ...(["real", "fake"] as const).map((which) => {
        const before = averages[which], after = regulariser.averages[which];
        // As the reference does it: averages of films stay until the discriminator learns, those of images move at once.
        const isFilm = real.shape.length === 5;
        return assign(before, isFilm ? mix(before, after, factors.discriminator) : after);
      }),
      // The generator's step judges the reconstruction, the discriminator's the images and it again.
      ...runningEffects([batches.fake, batches.real, batches.fake]),
    ],
    checked: lengths,
  };
}

/**
 * 0.8·‖∇nll‖/(‖∇G‖ + 1e-4) over the decoder's last layer, at most 10⁴, and both lengths, times `scale`; no gradient flows
 * through it.
 */
function adaptiveWeight(
  { nll, generator }: { nll: Tensor; generator: Tensor },
  { last, scale }: { last: Tensor; scale?: Tensor },
): { weight: Tensor; lengths: Tensor[] } {
  const scaled = (x: Tensor) => scale ? mul(x, scale) : x;
  const length = (loss: Tensor) => gradientNorm(grad(scaled(loss), [last]));
  const ours = length(nll), theirs = length(generator);
  const ratio = clamp(div(ours, add(theirs, scaled(constant(1e-4)))), { low: 0, high: 1e4 });
  return { weight: detach(mul(ratio, constant(0.8))), lengths: [ours, theirs] };
}

/** `a` where `share` is 0, `b` where it is 1. */
function mix(a: Tensor, b: Tensor, share: Tensor): Tensor {
  return add(mul(a, sub(constant(1), share)), mul(b, share));
}

function scalarState(name: string): Tensor {
  return state(name, { shape: [], dtype: "f32" });
}
