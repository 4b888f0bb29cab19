import * as z from "zod";
import { type BackendName, backendNames } from "../../backend/select.ts";
import type { ScheduleConfig, TokenizerRun, TransformerRun } from "./run.ts";

const whole = z.int().min(0), positive = z.int().min(1), share = z.number().min(0).max(1);
const weight = z.number().min(0), path = z.string().min(1);

const warmup = { warmupSteps: whole, start: share, end: share };
const schedule: z.ZodType<ScheduleConfig> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant") }),
  z.strictObject({ kind: z.literal("multi-step"), milestones: z.array(whole) }),
  z.strictObject({ kind: z.literal("warmup-cosine"), ...warmup }),
  z.strictObject({ kind: z.literal("warmup-hold-linear"), ...warmup }),
  z.strictObject({ kind: z.literal("cosine-with-warmup"), warmupSteps: whole, end: share }),
]);

const adam = {
  learningRate: z.number().positive(),
  beta1: share,
  beta2: share,
  eps: z.number().positive().default(1e-8),
  learningRateBatch: positive.optional(),
};

const common = {
  steps: positive,
  batch: positive,
  seed: whole.default(0),
  schedule: schedule.default({ kind: "constant" }),
  intervals: z.strictObject({
    log: whole.default(10),
    checkpoint: whole.default(500),
    evaluate: whole.default(500),
    sample: whole.default(1000),
  }).prefault({}),
  keep: positive.default(2),
  microbatches: positive.default(1),
  precision: z.enum(["f32", "f16"]).default("f32"),
  gradientCheckpointing: z.boolean().default(false),
  maxSkipped: positive.default(10),
  overfit: z.strictObject({ images: positive, bar: z.number() }).optional(),
  backend: z.enum(backendNames as [BackendName, ...BackendName[]]).default("auto"),
  threads: positive.optional(),
};

const order = {
  order: z.enum(["epochs", "uniform", "balanced"]).default("epochs"),
  mirror: z.enum(["none", "image", "batch"]).default("image"),
};

const adversarial = {
  loss: z.enum(["hinge", "vanilla", "non-saturating"]),
  lecamWeight: weight.default(0),
  generatorWeight: weight.optional(),
  start: whole.default(0),
};

/** Whether a batch divides into its microbatches, and the error if it does not. */
const fitsMicrobatches = ({ batch, microbatches }: { batch: number; microbatches: number }): boolean =>
  batch % microbatches === 0;
const microbatchesProblem = { path: ["microbatches"], error: "expected a divisor of batch" };

/** The schema of a tokenizer's configuration; `TokenizerRun` describes its fields. */
export const tokenizerRun: z.ZodType<TokenizerRun> = z.strictObject({
  stage: z.literal("tokenizer"),
  init: z.strictObject({
    from: path,
    raw: z.boolean().default(false),
    discriminator: z.enum(["fresh", "kept"]).default("fresh"),
    train: z.enum(["all", "decoder"]).default("all"),
  }).optional(),
  model: z.strictObject({
    ch: z.int().min(32).multipleOf(32),
    chMult: z.array(positive).min(1).max(10),
    numResBlocks: positive,
    bits: positive.max(32),
  }),
  data: z.strictObject({
    ...order,
    images: path,
    size: positive,
    crop: z.enum(["random", "center"]).default("random"),
    heldOut: z.union([z.number().min(0).lt(1), z.array(whole)]).optional(),
  }),
  loss: z.strictObject({
    l1: weight.default(1),
    l2: weight.default(0),
    perceptual: z.union([
      z.array(path).min(1),
      z.strictObject({ from: path }).transform(({ from }) => [from]),
    ])
      .optional(),
    entropy: weight.default(0.1),
    commitment: weight.default(0.25),
    entropyAnnealing: z.strictObject({ ratio: weight, steps: positive }).optional(),
  }).refine(({ l1, l2 }) => l1 + l2 > 0, "expected l1 or l2 above 0").prefault({}),
  discriminator: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("patch"), ndf: positive, layers: positive, ...adversarial }),
    z.strictObject({
      kind: z.literal("blur"),
      channels: z.int().min(32).multipleOf(32),
      stages: positive,
      ...adversarial,
    }),
  ]).optional(),
  optimizer: z.strictObject(adam),
  ema: share.default(0.999),
  ...common,
}).refine(fitsMicrobatches, microbatchesProblem);

/** The schema of a transformer's configuration; `TransformerRun` describes its fields. */
export const transformerRun: z.ZodType<TransformerRun> = z.strictObject({
  stage: z.literal("transformer"),
  tokenizer: path,
  init: z.strictObject({ from: path }).optional(),
  model: z.strictObject({
    dim: positive,
    heads: positive,
    layers: positive,
    factorizedLayers: positive,
    bits: z.tuple([positive.max(16), positive.max(16)]),
    dropout: share.max(0.9).default(0.1),
    classDropout: share.default(0.1),
  }),
  data: z.strictObject({
    ...order,
    tokens: path.optional(),
    images: path.optional(),
    size: positive.optional(),
  })
    .refine(({ tokens, images }) => (tokens === undefined) !== (images === undefined), {
      error: "expected tokens or images",
    }),
  optimizer: z.strictObject({
    ...adam,
    weightDecay: weight.default(0.05),
    weightDecayOn: z.enum(["matrices", "all"]).default("matrices"),
    clip: z.number().positive().default(1),
  }),
  ...common,
}).refine(fitsMicrobatches, microbatchesProblem);
