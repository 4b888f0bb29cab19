import type { Backend, States, WeightSource } from "../../backend/backend.ts";
import { writeFileAtomic } from "../../checkpoint/atomic.ts";
import { configFile } from "../../checkpoint/config_json.ts";
import { convertCheckpoint } from "../../checkpoint/convert.ts";
import { convertTransformer } from "../../checkpoint/convert_transformer.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { resolveModel } from "../../tokenizer/load_model.ts";
import type { TransformerConfig } from "../../transformer/config.ts";
import { classesFile } from "../../transformer/open_generative.ts";
import { scheduleOf } from "../config/rates.ts";
import type { TransformerRun } from "../config/run.ts";
import type { Sampler } from "../data/picks.ts";
import { createSampler } from "../data/sampler.ts";
import { tokenBatch } from "../data/token_batches.ts";
import type { TokenSet } from "../data/token_set.ts";
import { transformerInitialValues } from "../initial_values.ts";
import { adamStep } from "../optimizer/adam.ts";
import type { Schedule } from "../optimizer/schedules.ts";
import { stepRandom } from "../randomness.ts";
import type { SampleRows } from "../run/journal.ts";
import type { Inputs, Stage } from "../run/stage.ts";
import type { TrainingStep } from "../training_step.ts";
import { transformerStep } from "../transformer_step.ts";
import { openRunTokens, type OpenTokensOptions } from "./run_tokens.ts";
import { modelFolder } from "./tokenizer_stage.ts";
import { evaluateTransformer, subTokensOf } from "./transformer_evaluation.ts";
import { drawSamples } from "./transformer_samples.ts";

interface Parts {
  readonly backend: Backend;
  readonly set: TokenSet;
  readonly sampler: Sampler;
}

/** Training of a transformer on the tokens of a frozen tokenizer. */
export class TransformerStage implements Stage {
  readonly training: TrainingStep;
  readonly checked = ["loss", "grad_norm"] as const;
  readonly source: WeightSource;
  readonly best = { metric: "evaluation_loss", largest: false } as const;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #run: TransformerRun;
  readonly #config: TransformerConfig;
  readonly #parts: Parts;
  readonly #schedule: Schedule;

  private constructor(run: TransformerRun, parts: Parts) {
    const { model: { dropout, classDropout, ...model }, optimizer } = run;
    const { grid: [grid], classes } = parts.set;
    this.#run = run;
    this.#parts = parts;
    this.#config = { ...model, hidden: hiddenWidth(model.dim), grid, classes: classes.length };
    this.#schedule = scheduleOf(run);
    this.training = transformerStep(this.#config, {
      n: run.batch,
      dropout,
      classDropout,
      adam: optimizer,
      weightDecay: optimizer.weightDecay,
      clip: optimizer.clip,
    });
    const shapes = new Map([...this.training.parameters].map(([name, { shape }]) => [name, shape]));
    this.source = transformerInitialValues(shapes, run);
    // What the shapes do not tell, as in converted models.
    this.metadata = {
      [configFile]: JSON.stringify({ transformer: { heads: model.heads, grid, weights: "f32" } }),
    };
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
    await using open = new AsyncDisposableStack();
    const set = open.use(await openRunTokens(run, options));
    const sampler = createSampler(set, { seed: run.seed, batch: run.batch, ...run.data, crop: "center" });
    const stage = new TransformerStage(run, { backend, set, sampler });
    open.move();
    return stage;
  }

  async data(step: number): Promise<Inputs> {
    const { set, sampler } = this.#parts, { tokens, labels } = await tokenBatch(set, sampler, step);
    return { classes: labels, ...subTokensOf(tokens, this.#config.bits) };
  }

  settings(step: number, updates: number): { inputs: Inputs; rate: number } {
    const { optimizer, seed, model: { dropout, classDropout } } = this.#run;
    const rate = optimizer.rate * this.#schedule(step);
    const drops = dropout > 0 || classDropout > 0;
    return {
      rate,
      inputs: {
        ...adamStep({ step: updates + 1, rate }, optimizer),
        ...(drops ? stepRandom({ seed, step }) : {}),
      },
    };
  }

  /** The cross-entropies over the pictures, without dropout. */
  async evaluate(states: States): Promise<Readonly<Record<string, number>>> {
    const { backend, set } = this.#parts, { batch } = this.#run;
    return { ...await evaluateTransformer(this.#config, { backend, states, set, batch }) };
  }

  /** Pictures of some classes, drawn. */
  samples(states: States): Promise<SampleRows> {
    const { tokenizer } = this.#run, { backend } = this.#parts;
    return drawSamples(this.#config, { backend, states, tokenizer });
  }

  /** Writes tokenizer, transformer and the names of the classes as a folder that `Generator.load` takes. */
  async publish(checkpoint: string, folder: string): Promise<readonly string[]> {
    const path = `${folder}/${modelFolder}`, { classes } = this.#parts.set;
    await convertCheckpoint(await resolveModel(this.#run.tokenizer), path);
    await convertTransformer(checkpoint, path, { ...this.#config, weights: "f32" });
    const names = new TextEncoder().encode(JSON.stringify(classes, null, 2) + "\n");
    await writeFileAtomic(`${path}/${classesFile}`, names);
    return [path];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.set[Symbol.asyncDispose]();
  }
}

/** The width inside of the feed-forward layers: 8·dim/3, rounded up to a multiple of 256. */
function hiddenWidth(dim: number): number {
  return Math.ceil(Math.floor(8 * dim / 3) / 256) * 256;
}
