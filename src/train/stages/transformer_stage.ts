import type { Backend, States, WeightSource } from "../../backend/backend.ts";
import { writeFileAtomic } from "../../io/atomic.ts";
import { configFile } from "../../models/config_json.ts";
import { convertCheckpoint } from "../../models/convert.ts";
import { convertTransformer } from "../../models/convert_transformer.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import type { TransformerConfig } from "../../networks/transformer/config.ts";
import { classesFile } from "../../models/model_files.ts";
import { subTokensOf } from "../../networks/transformer/sub_tokens.ts";
import { scheduleOf } from "../config/rates.ts";
import type { TransformerRun } from "../config/run.ts";
import type { Sampler } from "../../data/picks.ts";
import { createSampler } from "../../data/sampler.ts";
import { tokenBatch } from "../../data/token_batches.ts";
import type { TokenSet } from "../../data/token_set.ts";
import { lossScaleFor } from "../loss_scale.ts";
import { adamStep } from "../optimizer/adam.ts";
import type { Schedule } from "../optimizer/schedules.ts";
import { stepRandom } from "../randomness.ts";
import type { SampleRows } from "../run/journal.ts";
import type { Inputs, Stage } from "../run/stage.ts";
import type { TrainingStep } from "../training_step.ts";
import { transformerStep } from "../transformer_step.ts";
import { openRunTokens, type OpenTokensOptions } from "./run_tokens.ts";
import { modelFolder } from "./tokenizer_stage.ts";
import { evaluateTransformer } from "./transformer_evaluation.ts";
import { transformerSource } from "./transformer_source.ts";
import { generateSamples } from "./transformer_samples.ts";

interface Parts {
  readonly backend: Backend;
  readonly set: TokenSet;
  /** Number of images that training uses, from the first. */
  readonly length: number;
  readonly sampler: Sampler;
  readonly config: TransformerConfig;
  readonly training: TrainingStep;
  readonly source: WeightSource;
  readonly files: AsyncDisposableStack;
}

/** Training of a transformer on the tokens of a frozen tokenizer. */
export class TransformerStage implements Stage {
  readonly training: TrainingStep;
  readonly checked = ["loss", "grad_norm"] as const;
  readonly source: WeightSource;
  readonly frozen = [] as const;
  readonly best = { metric: "evaluation_loss", largest: false } as const;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #run: TransformerRun;
  readonly #config: TransformerConfig;
  readonly #parts: Parts;
  readonly #schedule: Schedule;

  private constructor(run: TransformerRun, parts: Parts) {
    const { config, training, source } = parts;
    this.#run = run;
    this.#parts = parts;
    this.#config = config;
    this.#schedule = scheduleOf(run);
    this.training = training;
    this.source = source;
    // What shapes do not say, as in converted models.
    const said = { transformer: { heads: config.heads, grid: config.grid, weights: "f32" } };
    this.metadata = { [configFile]: JSON.stringify(said) };
  }

  /** Opens the tokens, or makes them. Throws `ArgumentError` where they do not fit, and as `openRunTokens` does. */
  static async open(
    run: TransformerRun,
    options: OpenTokensOptions & { folder: string; backend: Backend },
  ): Promise<TransformerStage> {
    const { model: { dim, heads } } = run, { backend } = options;
    if (dim % (4 * heads) !== 0) {
      throw new ArgumentError("Cannot train: model.heads", {
        expected: `a divisor of ${dim} that leaves a multiple of 4`,
        got: `${heads}`,
      });
    }
    await using files = new AsyncDisposableStack();
    const set = files.use(await openRunTokens(run, options));
    const length = Math.min(set.length, run.overfit?.images ?? Infinity);
    const sampler = createSampler({ ...set, length }, {
      seed: run.seed,
      batch: run.batch,
      ...run.data,
      crop: "center",
    });
    const config = configOf(run, set), training = stepOf(run, config);
    const shapes = new Map([...training.parameters].map(([name, { shape }]) => [name, shape]));
    const source = files.use(await transformerSource(run, { config, shapes }));
    return new TransformerStage(run, {
      backend,
      set,
      length,
      sampler,
      config,
      training,
      source,
      files: files.move(),
    });
  }

  async data(step: number): Promise<Inputs> {
    const { set, sampler } = this.#parts, { tokens, labels } = await tokenBatch(set, sampler, step);
    return { classes: labels, ...subTokensOf(tokens, this.#config.bits) };
  }

  settings(
    step: number,
    { updates, microbatch }: { updates: number; microbatch: number },
  ): { inputs: Inputs; learningRate: number } {
    const { optimizer, seed, model: { dropout, classDropout } } = this.#run;
    const learningRate = optimizer.learningRate * this.#schedule(step);
    const drops = dropout > 0 || classDropout > 0;
    return {
      learningRate,
      inputs: {
        ...adamStep({ step: updates + 1, learningRate }, optimizer),
        ...(drops ? stepRandom({ seed, step, microbatch }) : {}),
      },
    };
  }

  /** The cross-entropies over the images, without dropout. */
  async evaluate(states: States): Promise<Readonly<Record<string, number>>> {
    const { backend, set, length } = this.#parts,
      { batch: all, microbatches } = this.#run,
      batch = all / microbatches;
    return { ...await evaluateTransformer(this.#config, { backend, states, set, length, batch }) };
  }

  /** Images of some classes, sampled. */
  samples(states: States): Promise<SampleRows> {
    const { tokenizer } = this.#run, { backend } = this.#parts;
    return generateSamples(this.#config, { backend, states, tokenizer });
  }

  /** Writes tokenizer, transformer and the names of the classes as a folder that `Generator.load` takes. */
  async publish(checkpoint: string, folder: string): Promise<readonly string[]> {
    const path = `${folder}/${modelFolder}`, { classes } = this.#parts.set;
    const { heads, grid } = this.#config;
    await convertCheckpoint(this.#run.tokenizer, path);
    await convertTransformer(checkpoint, path, { heads, grid, weights: "f32" });
    const names = new TextEncoder().encode(JSON.stringify(classes, null, 2) + "\n");
    await writeFileAtomic(`${path}/${classesFile}`, names);
    return [path];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.files.disposeAsync();
  }
}

function configOf(
  { model: { dropout: _, classDropout: __, ...model } }: TransformerRun,
  set: TokenSet,
): TransformerConfig {
  return { ...model, hidden: hiddenWidth(model.dim), grid: set.grid[0], classes: set.classes.length };
}

function stepOf(
  { model, optimizer, batch, microbatches, gradientCheckpointing, precision }: TransformerRun,
  config: TransformerConfig,
): TrainingStep {
  const { dropout, classDropout } = model, { weightDecay, weightDecayOn, clip } = optimizer;
  return transformerStep(config, {
    n: batch / microbatches,
    microbatches,
    dropout,
    classDropout,
    adam: optimizer,
    weightDecay,
    weightDecayOn,
    clip,
    gradientCheckpointing,
    lossScale: lossScaleFor(precision),
  });
}

/** The hidden width of the feed-forward layers: 8·dim/3, rounded up to a multiple of 256. */
function hiddenWidth(dim: number): number {
  return Math.ceil(Math.floor(8 * dim / 3) / 256) * 256;
}
