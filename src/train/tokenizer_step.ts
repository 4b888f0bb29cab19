import { add, constant, input, mul, reshape, slice } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { graphOf } from "../graph/trace.ts";
import { Scope } from "../nn/scope.ts";
import { type TokenizerConfig, tokenizerConfigKinds } from "../networks/magvit2/config.ts";
import {
  checkOptions,
  flag,
  type Kinds,
  numberFrom,
  record,
  required,
  wholeNumber,
  withMethods,
} from "../tensor/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";
import { decoder } from "../networks/magvit2/decoder.ts";
import { encoder } from "../networks/magvit2/encoder.ts";
import {
  adversary,
  checkDiscriminator,
  type DiscriminatorConfig,
  discriminatorPath,
  judgements,
} from "./adversary.ts";
import { meanOf } from "./losses/adversarial.ts";
import { LossScale } from "./loss_scale.ts";
import { blockEnds } from "./blocks.ts";
import type { Quantizer } from "../tokenizer/quantizers/quantizer.ts";
import { quantizerOf } from "../tokenizer/quantizers/quantizer_of.ts";
import { lpips } from "../networks/lpips.ts";
import { l1Loss, l2Loss } from "./losses/reconstruction.ts";
import { trainable } from "./parameters.ts";
import type { TrainingStep } from "./training_step.ts";
import { accumulateGradients } from "./accumulate_gradients.ts";
import { applyGradients, checkUpdate, type UpdateConfig, updateKinds } from "./apply_gradients.ts";

export type { DiscriminatorConfig };

/** What a tokenizer is trained for. */
export interface TokenizerStepConfig extends UpdateConfig {
  /** Without one there are no adversarial losses. */
  readonly discriminator?: DiscriminatorConfig;
  /** Weight of the mean absolute distance of images; default 1. */
  readonly l1Weight?: number;
  /** Weight of the mean squared distance of images; default 0. */
  readonly l2Weight?: number;
  /** Weight of the quantizer's entropy loss. */
  readonly entropyWeight: number;
  /** Weight of the quantizer's commitment loss. */
  readonly commitmentWeight: number;
  /** Whether LPIPS takes part, with weights below `lpipsPath`. */
  readonly perceptual: boolean;
  /** Whether the encoder stays as it is: its weights then are no states. */
  readonly frozenEncoder?: boolean;
  /** Whether what lies within blocks is computed a second time for the gradients, which takes less memory. */
  readonly gradientCheckpointing?: boolean;
  /** How latents become codes; default that of the model's configuration. */
  readonly quantizer?: Quantizer;
}

const action = "make a step of training", weight = numberFrom(0, Infinity);

const kinds: Kinds<TokenizerStepConfig & { n: number; size: number; frames: number }> = {
  n: required(wholeNumber(1, 2 ** 16)),
  size: required(wholeNumber(1, 2 ** 16)),
  frames: wholeNumber(1, 2 ** 16),
  discriminator: record,
  l1Weight: weight,
  l2Weight: weight,
  entropyWeight: required(weight),
  commitmentWeight: required(weight),
  perceptual: required(flag),
  frozenEncoder: flag,
  gradientCheckpointing: flag,
  quantizer: withMethods("a quantizer", ["tokens", "codes", "quantize", "losses"]),
  ...updateKinds,
};

/** Where LPIPS's weights are in a checkpoint of training. */
export const lpipsPath = "loss.perceptual_loss";

/** The optimizers, as `adamStep` names them. */
export const optimizers = { generator: "adam", discriminator: "adam_discriminator" } as const;

/** The input by which `stepFactors` come. */
const factorsName = "factors";

/** How much some losses count in a step. */
export interface StepFactors {
  /** The adversarial term of the generator's loss: 0 before the discriminator's start, then 1. */
  readonly generator: number;
  /** The loss of the discriminator: the same. */
  readonly discriminator: number;
  /** The quantizer's entropy loss. */
  readonly entropy: number;
}

const factorKinds: Kinds<StepFactors> = {
  generator: required(weight),
  discriminator: required(weight),
  entropy: required(weight),
};

/** The input that says how much some losses count in a step. */
export function stepFactors(factors: StepFactors): Record<string, HostTensor<"f32">> {
  checkOptions(factors, factorKinds, "weigh the losses of a step");
  const { generator, discriminator, entropy } = factors;
  return { [factorsName]: f32Tensor([3], Float32Array.of(generator, discriminator, entropy)) };
}

/**
 * One step of a tokenizer's training on images `x` `[n,size,size,3]` of a microbatch, or of a video tokenizer's on films
 * `[n,frames,size,size,3]` (docs/model.md, Training the tokenizer): the gradients of the generator's loss and, with a
 * discriminator, of its loss on the same reconstruction; then a step of Adam and the moving averages of both. Both see the
 * parameters as they were before.
 *
 * Inputs of `gradients`: `x` and `stepFactors`; of `apply`: `adamStep` for each of `optimizers`. States: parameters, averages (`ema.…`), moments, gradients (`grad.…`), running statistics of
 * BatchNorms and LeCam's averages; `initializeStates` writes their first values. Outputs of `gradients`, each `[]`:
 * `total_loss`, `nll_loss`, `reconstruct_loss`, `perceptual_loss`, the logs of the quantizer and of `adversary`; of
 * `apply`: `grad_norm_generator`, `grad_norm_discriminator`, and the logs of `applyGradients`.
 */
export function tokenizerStep(
  model: TokenizerConfig,
  options: TokenizerStepConfig & { n: number; size: number; frames?: number },
): TrainingStep {
  checkOptions(model, tokenizerConfigKinds, `${action}: model`);
  checkOptions(options, kinds, action);
  checkUpdate(options, action);
  if (options.discriminator) checkDiscriminator(options.discriminator, `${action}: discriminator`);
  const { n, size, frames, ...config } = options;
  const time = framesOf(model, frames);
  const x = input("x", { shape: [n, ...time, size, size, model.inChannels], dtype: "f32" });
  const z = encoder(new Scope("encoder"), x, model);
  const quantizer = config.quantizer ?? quantizerOf(model);
  const decoded = decoder(new Scope("decoder"), quantizer.quantize(z), model);
  const judged = config.discriminator && judgements(config.discriminator, { real: x, fake: decoded });
  const { outputs, parameters } = trainable(
    {
      z,
      decoded,
      perceptual: config.perceptual ? lpips(new Scope(lpipsPath), images(x), images(decoded)) : constant(0),
      ...judged?.tensors,
    },
    (name) => !name.startsWith(lpipsPath) && !(config.frozenEncoder && name.startsWith("encoder.")),
  );
  const { entropy, ...adversarial } = factors(), scale = config.lossScale && new LossScale(config.lossScale);

  const reconstruct = reconstruction(x, outputs.decoded, config), perceived = meanOf(outputs.perceptual);
  const nll = add(reconstruct, perceived), codes = quantizer.losses(outputs.z);
  const opponent = config.discriminator && adversary(config.discriminator, {
    judged: judged!.read(outputs as Record<string, Tensor>),
    nll,
    last: parameters.get(`decoder.conv_out.${model.kind === "video" ? "conv_1." : ""}weight`)!,
    factors: adversarial,
    microbatches: config.microbatches,
    scale: scale?.factor,
  });
  const total = [
    nll,
    ...(opponent ? [opponent.generator] : []),
    mul(mul(codes.entropy, constant(config.entropyWeight)), entropy),
    mul(codes.commitment, constant(config.commitmentWeight)),
  ].reduce(add);

  const isTheirs = ([name]: [string, Tensor]) => name.startsWith(discriminatorPath);
  const [ours, theirs] = [false, true].map((which) =>
    [...parameters].filter((entry) => isTheirs(entry) === which).map(([, parameter]) => parameter)
  ) as [Tensor[], Tensor[]];
  const kept = config.gradientCheckpointing ? blockEnds(outputs) : [];
  const objectives = [
    { optimizer: optimizers.generator, loss: total, parameters: ours, kept },
    ...opponent
      ? [{ optimizer: optimizers.discriminator, loss: opponent.discriminator, parameters: theirs }]
      : [],
  ];
  const accumulated = accumulateGradients(objectives, {
    microbatches: config.microbatches,
    others: opponent?.effects,
    checked: opponent?.checked,
    scale,
  });
  const { effects, norms, logs } = applyGradients(objectives, config, scale);
  const losses = {
    total_loss: total,
    nll_loss: nll,
    reconstruct_loss: reconstruct,
    perceptual_loss: perceived,
    ...codes.logs,
    ...opponent?.logs,
  };
  const gradientNorms = {
    grad_norm_generator: norms[0]!,
    ...opponent && { grad_norm_discriminator: norms[1]! },
  };
  return {
    parameters,
    initial: scale?.initial ?? new Map(),
    gradients: graphOf(losses, accumulated),
    apply: graphOf({ ...gradientNorms, ...logs }, effects),
  };
}

/** The axis of time. Throws `ArgumentError` for images with frames, and for films without. */
function framesOf({ kind }: TokenizerConfig, frames: number | undefined): number[] {
  if ((kind === "video") === (frames !== undefined)) return frames === undefined ? [] : [frames];
  throw new ArgumentError(`Cannot ${action}: frames`, {
    expected: kind === "video" ? "the number of frames of each film" : "none, as the model takes images",
    got: `${frames ?? "none"}`,
  });
}

/** The frames of films as images `[N,H,W,3]`. */
function images(x: Tensor): Tensor {
  return reshape(x, [sizeOf(x.shape.slice(0, -3)), ...x.shape.slice(-3)]);
}

/** The weighed distance of images, `[]`. */
function reconstruction(
  x: Tensor,
  decoded: Tensor,
  { l1Weight = 1, l2Weight = 0 }: TokenizerStepConfig,
): Tensor {
  const terms = [[l1Loss, l1Weight], [l2Loss, l2Weight]] as const;
  return terms.filter(([, weight]) => weight !== 0)
    .map(([loss, weight]) => weight === 1 ? loss(x, decoded) : mul(loss(x, decoded), constant(weight)))
    .reduce(add);
}

function factors(): Record<keyof StepFactors, Tensor> {
  const all = input(factorsName, { shape: [3], dtype: "f32" });
  const factor = (start: number) => reshape(slice(all, { axis: 0, start, length: 1 }), []);
  return { generator: factor(0), discriminator: factor(1), entropy: factor(2) };
}
