import type { Backend, States, WeightSource } from "../../backend/backend.ts";
import { writeFileAtomic } from "../../checkpoint/atomic.ts";
import { configFile } from "../../checkpoint/config_json.ts";
import { convertCheckpoint } from "../../checkpoint/convert.ts";
import { convertTransformer } from "../../checkpoint/convert_transformer.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { u32Tensor } from "../../tensor/tensor.ts";
import { resolveModel } from "../../tokenizer/load_model.ts";
import { Tokenizer } from "../../tokenizer/tokenizer.ts";
import type { TransformerConfig } from "../../transformer/config.ts";
import { classesFile } from "../../transformer/open_generative.ts";
import { scheduleOf } from "../config/rates.ts";
import type { TransformerRun } from "../config/run.ts";
import { checkClasses } from "../data/labels.ts";
import { openPictures } from "../data/open_pictures.ts";
import type { Sampler } from "../data/picks.ts";
import { createSampler } from "../data/sampler.ts";
import { transformerInitialValues } from "../initial_values.ts";
import { adamStep } from "../optimizer/adam.ts";
import type { Schedule } from "../optimizer/schedules.ts";
import { stepRandom } from "../randomness.ts";
import type { Inputs, Stage } from "../run/stage.ts";
import type { TrainingStep } from "../training_step.ts";
import { transformerStep } from "../transformer_step.ts";
import { TokenTable } from "./token_table.ts";
import { modelFolder } from "./tokenizer_stage.ts";
import { evaluateTransformer } from "./transformer_evaluation.ts";

/** What a stage's opening tells: of so many pictures, how many are encoded. */
export type OnEncoded = (progress: { done: number; total: number }) => void;

interface Parts {
  readonly backend: Backend;
  readonly table: TokenTable;
  readonly labels: Uint32Array;
  readonly classes: readonly string[];
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
    const grid = Math.sqrt(parts.table.positions);
    this.#run = run;
    this.#parts = parts;
    this.#config = { ...model, hidden: hiddenWidth(model.dim), grid, classes: parts.classes.length };
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

  /**
   * Opens the data and encodes all pictures. Throws `ArgumentError` where the sizes do not fit, `CheckpointError` for a
   * tokenizer that cannot be used, `DataError` for pictures without labels.
   */
  static async open(
    run: TransformerRun,
    backend: Backend,
    { onEncoded }: { onEncoded?: OnEncoded } = {},
  ): Promise<TransformerStage> {
    const { model, data: { size, mirror, pictures } } = run;
    if (model.dim % (4 * model.heads) !== 0) {
      throw new ArgumentError("Cannot train: model.heads", {
        expected: `a divisor of ${model.dim} that leaves a multiple of 4`,
        got: `${model.heads}`,
      });
    }
    await using source = await openPictures(pictures);
    checkClasses(source, source.classes.length);
    const sampler = createSampler(source, { seed: run.seed, batch: run.batch, ...run.data, crop: "center" });
    await using tokenizer = await Tokenizer.load(run.tokenizer, { backend });
    const [first, second] = model.bits;
    if (tokenizer.bits !== first + second) {
      throw new ArgumentError("Cannot train: model.bits", {
        expected: `two numbers whose sum is the tokenizer's ${tokenizer.bits} bits`,
        got: `${first} and ${second}`,
      });
    }
    if (size % tokenizer.factor !== 0 || size < 2 * tokenizer.factor) {
      throw new ArgumentError("Cannot train: data.size", {
        expected: `a multiple of ${tokenizer.factor}, at least ${2 * tokenizer.factor}`,
        got: `${size}`,
      });
    }
    const table = await TokenTable.encode(tokenizer, source, {
      size,
      mirrored: mirror !== "none",
      onProgress: onEncoded,
    });
    return new TransformerStage(run, {
      backend,
      table,
      labels: source.labels!,
      classes: source.classes,
      sampler,
    });
  }

  data(step: number): Promise<Inputs> {
    const { table, labels, sampler } = this.#parts, { batch } = this.#run;
    const picks = Array.from({ length: batch }, (_, slot) => sampler.pick(step, slot));
    const { pre, post } = table.subTokens(picks, this.#config.bits), shape = [batch, table.positions];
    return Promise.resolve({
      classes: u32Tensor([batch], Uint32Array.from(picks, ({ picture }) => labels[picture]!)),
      pre: u32Tensor(shape, pre),
      post: u32Tensor(shape, post),
    });
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

  /** The cross-entropies over all pictures. */
  async evaluate(states: States): Promise<Readonly<Record<string, number>>> {
    const { backend, table, labels } = this.#parts, { batch } = this.#run;
    return { ...await evaluateTransformer(this.#config, { backend, states, table, labels, batch }) };
  }

  /** Writes tokenizer, transformer and the names of the classes as a folder that `Generator.load` takes. */
  async publish(checkpoint: string, folder: string): Promise<readonly string[]> {
    const path = `${folder}/${modelFolder}`, { classes } = this.#parts;
    await convertCheckpoint(await resolveModel(this.#run.tokenizer), path);
    await convertTransformer(checkpoint, path, { ...this.#config, weights: "f32" });
    const names = new TextEncoder().encode(JSON.stringify(classes, null, 2) + "\n");
    await writeFileAtomic(`${path}/${classesFile}`, names);
    return [path];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The width inside of the feed-forward layers: 8·dim/3, rounded up to a multiple of 256. */
function hiddenWidth(dim: number): number {
  return Math.ceil(Math.floor(8 * dim / 3) / 256) * 256;
}
