import type { ActivationFormat } from "../../backend/backend.ts";
import type { BackendName } from "../../backend/select.ts";
import type { DiscriminatorConfig } from "../adversary.ts";
import type { SamplerOptions } from "../../data/sampler.ts";

/** How the learning rate changes from step to step, as a factor of `optimizer.learningRate`. */
export type ScheduleConfig =
  | { readonly kind: "constant" }
  /** Multiplied by 0.1 at each milestone. */
  | { readonly kind: "multi-step"; readonly milestones: readonly number[] }
  /** From `start` to 1 over `warmupSteps` steps, then half a cosine down to `end`. */
  | {
    readonly kind: "warmup-cosine";
    readonly warmupSteps: number;
    readonly start: number;
    readonly end: number;
  }
  /** From `start` to 1 over `warmupSteps` steps, then 1 for a twentieth of the rest, then a line down to `end`. */
  | {
    readonly kind: "warmup-hold-linear";
    readonly warmupSteps: number;
    readonly start: number;
    readonly end: number;
  }
  /** min(1, (step + 1)/warmupSteps) times half a cosine over all steps, from 1 down to `end`. */
  | { readonly kind: "cosine-with-warmup"; readonly warmupSteps: number; readonly end: number };

/** Adam's constants. */
export interface OptimizerConfig {
  /** The learning rate that the schedule multiplies. */
  readonly learningRate: number;
  /** Decay of the mean of gradients. */
  readonly beta1: number;
  /** Decay of the mean of squared gradients. */
  readonly beta2: number;
  /** Default 1e-8. */
  readonly eps: number;
  /** The batch size for which `learningRate` was chosen; `--auto-lr` scales the rate relative to it. */
  readonly learningRateBatch?: number;
}

/** Options of both stages. */
export interface CommonRun {
  /** Steps of the schedule. */
  readonly steps: number;
  /** Images in a step. */
  readonly batch: number;
  /** Seed of all random numbers; default 0. */
  readonly seed: number;
  /** Default: constant. */
  readonly schedule: ScheduleConfig;
  /**
   * Steps between log records (10), checkpoints (500), evaluations (500) and sheets of samples (1000). All of them also
   * happen at the end. 0 means never, except that a checkpoint is always written at the end.
   */
  readonly intervals: {
    readonly log: number;
    readonly checkpoint: number;
    readonly evaluate: number;
    readonly sample: number;
  };
  /** Number of newest checkpoints to keep, besides the best one; default 2. */
  readonly keep: number;
  /** Microbatches of a step, whose gradients are averaged, which takes less memory; default 1. Divides `batch`. */
  readonly microbatches: number;
  /**
   * `f32` (default), or `f16`, mixed precision: activations and their gradients are stored as f16, and losses are
   * scaled, see `LossScale`. Everything else is f32. For WebGPU devices with `shader-f16`.
   */
  readonly precision: ActivationFormat;
  /** Recomputes the activations inside blocks for the gradients, which takes less memory; default false. */
  readonly gradientCheckpointing: boolean;
  /**
   * Training stops after this number of steps in a row whose loss or gradients are not finite; default 10. Steps that
   * lower the loss scale do not count.
   */
  readonly maxSkipped: number;
  /** Overfits the first images: see `overfitting`. */
  readonly overfit?: { readonly images: number; readonly bar: number };
  /** Default `auto`. */
  readonly backend: BackendName;
  /** Threads that compute; default: as many as there are processors. */
  readonly threads?: number;
}

/** Which images a step takes. */
export interface OrderConfig {
  /** `epochs` (default), `uniform` or `balanced`, see `SamplerOptions`. */
  readonly order: SamplerOptions["order"];
  /** Mirrored with probability ½: `none`, each `image` by itself (default), or a whole `batch` at once. */
  readonly mirror: SamplerOptions["mirror"];
}

/** How a tokenizer is trained. */
export interface TokenizerRun extends CommonRun {
  /** Names the stage. */
  readonly stage: "tokenizer";
  /** A model whose weights training starts from; random weights without it. */
  readonly init?: {
    /** A checkpoint, a model's folder, or the name of a shipped model. */
    readonly from: string;
    /** Takes the raw weights even if there are averaged ones; default false. */
    readonly raw: boolean;
    /** Whether to keep the checkpoint's discriminator or train a fresh one (the default). */
    readonly discriminator: "fresh" | "kept";
    /** What is trained: `all` (the default) or the `decoder`, with a frozen encoder. */
    readonly train: "all" | "decoder";
  };
  /** What the tokenizer is made of. */
  readonly model: {
    /** Channels of the first level, a multiple of 32. */
    readonly ch: number;
    /** Channels of each level, in multiples of `ch`. */
    readonly chMult: readonly number[];
    readonly numResBlocks: number;
    /** Bits of a token. */
    readonly bits: number;
  };
  /** What it is trained on. */
  readonly data: OrderConfig & {
    /** The path of the images, see `openImages`. */
    readonly images: string;
    /** Pixels of a side. */
    readonly size: number;
    /** Where images that are not square are cropped: `random` (default) or `center`. */
    readonly crop: SamplerOptions["crop"];
    /** Images held out for evaluation: a fraction of all, sampled by the seed, or indices; default: as the data say. */
    readonly heldOut?: number | readonly number[];
  };
  /** Weights of the losses; default l1 1, l2 0, entropy 0.1, commitment 0.25. */
  readonly loss: {
    readonly l1: number;
    readonly l2: number;
    /** The files of LPIPS's weights, see `openLpips`; without them there is no perceptual loss. */
    readonly perceptual?: readonly string[];
    readonly entropy: number;
    readonly commitment: number;
    /** The entropy loss is multiplied by 1 + ratio·max(0, 1 − step/steps). */
    readonly entropyAnnealing?: { readonly ratio: number; readonly steps: number };
  };
  /** Without one there are no adversarial losses. `start`: the first step at which they count (0). */
  readonly discriminator?: DiscriminatorConfig & { readonly start: number };
  /** How its weights are updated. */
  readonly optimizer: OptimizerConfig;
  /** Decay of the weights' moving averages; default 0.999. */
  readonly ema: number;
}

/** How a transformer is trained. */
export interface TransformerRun extends CommonRun {
  /** Names the stage. */
  readonly stage: "transformer";
  /** The frozen tokenizer: a checkpoint, a model's folder, or the name of a shipped model. */
  readonly tokenizer: string;
  /** A model whose weights training starts from; random weights without it. */
  readonly init?: { readonly from: string };
  /** What the transformer is made of. */
  readonly model: {
    readonly dim: number;
    readonly heads: number;
    /** Blocks over the positions of the image, and over the sub-tokens of a position. */
    readonly layers: number;
    readonly factorizedLayers: number;
    /** Bits of the first and of the second sub-token. */
    readonly bits: readonly [number, number];
    /** Default 0.1. */
    readonly dropout: number;
    /** Probability that a class is replaced by the null class; default 0.1. */
    readonly classDropout: number;
  };
  /** What it is trained on. */
  readonly data: OrderConfig & {
    /** The path of tokens, see `openTokenSet`; or that of images, of `size` pixels a side, whose tokens are made first. */
    readonly tokens?: string;
    readonly images?: string;
    readonly size?: number;
  };
  /** How its weights are updated. */
  readonly optimizer: OptimizerConfig & {
    /** Default 0.05. */
    readonly weightDecay: number;
    /** What decays: `matrices`, tensors of two or more dimensions (the default), or `all`, as in the published models. */
    readonly weightDecayOn: "matrices" | "all";
    /** Maximum norm of all gradients together; default 1. */
    readonly clip: number;
  };
}

/** How either stage is trained, complete. */
export type Run = TokenizerRun | TransformerRun;
