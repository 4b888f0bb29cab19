import { grad } from "../autograd/grad.ts";
import { add, constant, input, mul, reshape, slice, state } from "../graph/build.ts";
import { assign, clamp, detach, div } from "../graph/build_training.ts";
import type { Tensor } from "../graph/ops.ts";
import { type Graph, graphOf } from "../graph/trace.ts";
import { Scope } from "../nn/scope.ts";
import type { TokenizerConfig } from "../checkpoint/config.ts";
import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";
import { decoder } from "../tokenizer/decoder.ts";
import { encoder } from "../tokenizer/encoder.ts";
import type { Statistics } from "./batch_norm.ts";
import { flattened, runningEffects, unflattened } from "./batch_norm_states.ts";
import { blurGan, type BlurGanConfig } from "./blur_gan.ts";
import {
  type DiscriminatorLoss,
  discriminatorLoss,
  generatorLoss,
  lecam,
  meanOf,
} from "./losses/adversarial.ts";
import { lfqLosses, quantize } from "./losses/lfq.ts";
import { lpips } from "./losses/lpips.ts";
import { l1Loss } from "./losses/reconstruction.ts";
import { adam, type AdamConfig, type AdamStepOptions } from "./optimizer/adam.ts";
import { gradientNorm } from "./optimizer/clip.ts";
import { trainable } from "./parameters.ts";
import { patchGan, type PatchGanConfig } from "./patch_gan.ts";

/** Which discriminator, and its loss. */
export type DiscriminatorConfig =
  & { readonly loss: DiscriminatorLoss; readonly lecamWeight: number }
  & (({ readonly kind: "patch" } & PatchGanConfig) | ({ readonly kind: "blur" } & BlurGanConfig));

/** What a tokenizer is trained for. */
export interface TokenizerStepConfig {
  readonly discriminator: DiscriminatorConfig;
  /** The weight of the generator's adversarial loss; without one it adapts to the gradients at the last layer. */
  readonly generatorWeight?: number;
  readonly entropyWeight: number;
  readonly commitmentWeight: number;
  /** Whether LPIPS takes part, with weights below `lpipsPath`. */
  readonly perceptual: boolean;
  readonly adam: AdamConfig;
  readonly emaDecay: number;
  /** How latents become codes of ±1, with gradients; `quantize` if not given. */
  readonly quantizer?: (z: Tensor) => Tensor;
}

/** Where the discriminator's and LPIPS's weights are in a checkpoint of training. */
export const discriminatorPath = "loss.discriminator", lpipsPath = "loss.perceptual_loss";

/** The optimizers, as `adamStep` names them. */
export const optimizers = { generator: "adam", discriminator: "adam_discriminator" } as const;

/** The input by which `stepFactors` come. */
const factorsName = "factors";

/** The input that says how much adversarial and entropy losses count in a step. */
export function stepFactors(
  { adversarial, entropy }: { adversarial: number; entropy: number },
): Record<string, HostTensor<"f32">> {
  return { [factorsName]: f32Tensor([2], Float32Array.of(adversarial, entropy)) };
}

/** A step of training, and the parameters that it changes, by name. */
export interface TrainingStep {
  readonly graph: Graph;
  readonly parameters: ReadonlyMap<string, Tensor>;
}

/**
 * One step of a tokenizer's training on pictures `x` `[n,size,size,3]` (MODEL.md §8): the generator's step, the
 * discriminator's on the same reconstruction, then the moving averages of both. Both steps see the parameters as they
 * were before.
 *
 * Inputs beside `x`: those of `adamStep` for both `optimizers`, and `stepFactors`. Parameters, averages (`ema.…`),
 * moments, running statistics of BatchNorms and LeCam's averages are states; where to begin says `beginTraining`.
 * Outputs, each one number: `total_loss`, `nll_loss`, `reconstruct_loss`, `perceptual_loss`, `g_loss`, `d_weight`,
 * `entropy_loss`, `per_sample_entropy`, `codebook_entropy`, `commit_loss`, `disc_loss`, `adversarial_loss` (without
 * LeCam), `lecam_loss`, `logits_real`, `logits_fake`, `grad_norm_generator`, `grad_norm_discriminator`.
 */
export function tokenizerStep(
  model: TokenizerConfig,
  { n, size, ...config }: TokenizerStepConfig & { n: number; size: number },
): TrainingStep {
  const x = input("x", { shape: [n, size, size, model.inChannels], dtype: "f32" });
  const { norms, ...tensors } = forward(x, model, config);
  const { outputs, parameters } = trainable(
    { ...tensors.passes, ...tensors.results },
    (name) => !name.startsWith(lpipsPath),
  );
  const { z, decoded, perceptual, real, fake } = outputs;
  const [adversarial, entropy] = factors();

  const reconstruct = l1Loss(x, decoded), perceived = meanOf(perceptual);
  const nll = add(reconstruct, perceived), codes = lfqLosses(z), saturating = generatorLoss(fake);
  const last = parameters.get("decoder.conv_out.weight")!;
  const weight = config.generatorWeight === undefined
    ? adaptiveWeight(nll, saturating, last)
    : constant(config.generatorWeight);
  const generator = mul(mul(weight, adversarial), saturating);
  const total = [
    nll,
    generator,
    mul(mul(codes.entropyLoss, constant(config.entropyWeight)), entropy),
    mul(codes.commitment, constant(config.commitmentWeight)),
  ].reduce(add);

  const averages = { real: scalarState("lecam.real"), fake: scalarState("lecam.fake") };
  const regulariser = lecam({ real, fake }, averages);
  const plain = discriminatorLoss(config.discriminator.loss, { real, fake });
  const lecamLoss = mul(regulariser.loss, constant(config.discriminator.lecamWeight));
  const discriminator = mul(adversarial, add(plain, lecamLoss));

  const isDiscriminator = ([name]: [string, Tensor]) => name.startsWith(discriminatorPath);
  const [ours, theirs] = [false, true].map((which) =>
    [...parameters].filter((entry) => isDiscriminator(entry) === which).map(([, parameter]) => parameter)
  ) as [Tensor[], Tensor[]];
  const gradients = { generator: grad(total, ours), discriminator: grad(discriminator, theirs) };
  const adamConfig = { ...config.adam, emaDecay: config.emaDecay };
  const updates = [
    ...updated(ours, gradients.generator, { ...adamConfig, name: optimizers.generator }),
    ...updated(theirs, gradients.discriminator, { ...adamConfig, name: optimizers.discriminator }),
  ];
  const logs = {
    total_loss: total,
    nll_loss: nll,
    reconstruct_loss: reconstruct,
    perceptual_loss: perceived,
    g_loss: generator,
    d_weight: weight,
    entropy_loss: codes.entropyLoss,
    per_sample_entropy: codes.perSampleEntropy,
    codebook_entropy: codes.codebookEntropy,
    commit_loss: codes.commitment,
    disc_loss: discriminator,
    adversarial_loss: plain,
    lecam_loss: regulariser.loss,
    logits_real: meanOf(real),
    logits_fake: meanOf(fake),
    grad_norm_generator: gradientNorm(gradients.generator),
    grad_norm_discriminator: gradientNorm(gradients.discriminator),
  };
  return {
    parameters,
    graph: graphOf(logs, [
      ...updates,
      assign(averages.real, regulariser.averages.real),
      assign(averages.fake, regulariser.averages.fake),
      // The generator's step judges the reconstruction, the discriminator's the pictures and it again.
      ...runningEffects(["fake", "real", "fake"].map((pass) => unflattened(pass, norms, outputs))),
    ]),
  };
}

/** What both steps are computed from, and the BatchNorms' statistics of both passes through the discriminator. */
function forward(
  x: Tensor,
  model: TokenizerConfig,
  { discriminator, perceptual, quantizer = quantize }: TokenizerStepConfig,
) {
  const z = encoder(new Scope("encoder"), x, model);
  const decoded = decoder(new Scope("decoder"), quantizer(z), model);
  const judge = (pictures: Tensor) => {
    const scope = new Scope(discriminatorPath);
    if (discriminator.kind === "patch") return patchGan(scope, pictures, discriminator);
    return { logits: blurGan(scope, pictures, discriminator), batches: new Map<string, Statistics>() };
  };
  const real = judge(x), fake = judge(decoded);
  return {
    results: {
      z,
      decoded,
      perceptual: perceptual ? lpips(new Scope(lpipsPath), x, decoded) : constant(0),
      real: real.logits,
      fake: fake.logits,
    },
    passes: { ...flattened("real", real.batches), ...flattened("fake", fake.batches) },
    norms: [...real.batches.keys()],
  };
}

/** 0.8·‖∇nll‖/(‖∇G‖ + 1e-4) over the decoder's last layer, at most 10⁴; no gradient flows through it. */
function adaptiveWeight(nll: Tensor, generator: Tensor, last: Tensor): Tensor {
  const [ours, theirs] = [nll, generator].map((loss) => gradientNorm(grad(loss, [last]))) as [Tensor, Tensor];
  const ratio = clamp(div(ours, add(theirs, constant(1e-4))), { low: 0, high: 1e4 });
  return detach(mul(ratio, constant(0.8)));
}

function updated(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  config: AdamConfig & AdamStepOptions,
): Tensor[] {
  return adam(parameters.map((parameter, i) => ({ parameter, gradient: gradients[i]! })), config);
}

function factors(): [adversarial: Tensor, entropy: Tensor] {
  const both = input(factorsName, { shape: [2], dtype: "f32" });
  const [adversarial, entropy] = [0, 1].map((start) =>
    reshape(slice(both, { axis: 0, start, length: 1 }), [])
  ) as [Tensor, Tensor];
  return [adversarial, entropy];
}

function scalarState(name: string): Tensor {
  return state(name, { shape: [], dtype: "f32" });
}
