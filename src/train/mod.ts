/**
 * Training of both stages. A training has a configuration, as JSON or as an object, and a run folder.
 *
 * ```ts
 * import { readRun, train } from "@voken/magvit2/train";
 *
 * const run = await readRun("run.json", "tokenizer");
 * const { models } = await train(run, { folder: "runs/first" });
 * ```
 *
 * @module
 */
export { overfitting, withScaledLearningRate } from "./config/change.ts";
export { type Preset, presetNames, readPreset } from "./presets/mod.ts";
export { parseRun, readRun, type Runs } from "./config/parse.ts";
export type {
  CommonRun,
  OptimizerConfig,
  OrderConfig,
  Run,
  ScheduleConfig,
  TokenizerRun,
  TransformerRun,
} from "./config/run.ts";
export type { DiscriminatorConfig } from "./adversary.ts";
export type { BlurGanConfig } from "./blur_gan.ts";
export type { DiscriminatorLoss } from "./losses/adversarial.ts";
export type { PatchGanConfig } from "../networks/patch_gan.ts";
export type { DamagedImage, ImageReaderOptions } from "../data/image_reader.ts";
export type { SamplerOptions } from "../data/sampler.ts";
export type { OpenTokensOptions } from "./stages/run_tokens.ts";
export { type MetricsRecord, readMetrics } from "./run/metrics_log.ts";
export type { TrainingObserver } from "./run/loop.ts";
export type { Progress } from "./run/training_checkpoint.ts";
export { train, type Trained, type TrainOptions } from "./train.ts";
