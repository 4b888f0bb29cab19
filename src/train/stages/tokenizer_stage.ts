import type { Backend, States, WeightSource } from "../../backend/backend.ts";
import type { TokenizerConfig } from "../../networks/magvit2/config.ts";
import { convertCheckpoint } from "../../models/convert.ts";
import { checkConfig } from "../../models/infer_config.ts";
import type { Image } from "../../image/image.ts";
import { tensorsOf } from "../../graph/trace.ts";
import { tensorToImages } from "../../image/pixels.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { f32Tensor } from "../../tensor/tensor.ts";
import { downsamplingFactor } from "../../networks/magvit2/config.ts";
import { scheduleOf } from "../config/rates.ts";
import type { TokenizerRun } from "../config/run.ts";
import type { Batches } from "../../data/batch.ts";
import { openImages } from "../../data/open_images.ts";
import { ImageBatches } from "../../data/image_batches.ts";
import type { ImageReaderOptions } from "../../data/image_reader.ts";
import { createSampler } from "../../data/sampler.ts";
import type { ImageSource } from "../../data/source.ts";
import { lossScaleFor } from "../loss_scale.ts";
import { adamStep } from "../optimizer/adam.ts";
import { emaName } from "../optimizer/ema.ts";
import type { Schedule } from "../optimizer/schedules.ts";
import type { SampleRows } from "../run/journal.ts";
import type { Inputs, Stage } from "../run/stage.ts";
import { lpipsPath, optimizers, stepFactors, tokenizerStep } from "../tokenizer_step.ts";
import type { TrainingStep } from "../training_step.ts";
import { parted, spread } from "./parted_images.ts";
import { tokenizerSource } from "./tokenizer_source.ts";
import { evaluateTokenizer, reconstructions, type TokenizerTrial } from "./tokenizer_evaluation.ts";

/** The folders of a run that hold the trained model, by its averaged weights and by its raw ones. */
export const modelFolder = "model", rawModelFolder = "model-raw";

/** The smallest side that VGG16 takes. */
const leastPerceptual = 16;

/** Most images on a sheet, and in an evaluation. */
const mostShown = 12, mostEvaluated = 10_000;

interface Parts {
  readonly backend: Backend;
  readonly batches: Batches;
  /** Images to train on, and images held out. */
  readonly images: ImageSource;
  readonly heldOut: ImageSource;
  readonly training: TrainingStep;
  readonly source: WeightSource;
  readonly files: AsyncDisposableStack;
}

/** Training of a tokenizer. Disposing closes its data. */
export class TokenizerStage implements Stage {
  readonly training: TrainingStep;
  readonly checked: readonly string[];
  readonly source: WeightSource;
  readonly frozen: readonly string[];
  readonly best = { metric: "psnr", largest: true } as const;
  readonly #run: TokenizerRun;
  readonly #config: TokenizerConfig;
  readonly #parts: Parts;
  readonly #schedule: Schedule;

  private constructor(run: TokenizerRun, parts: Parts) {
    this.#run = run;
    this.#config = configOf(run);
    this.#parts = parts;
    this.#schedule = scheduleOf(run);
    this.training = parts.training;
    this.source = parts.source;
    this.frozen = tensorsOf(parts.training.gradients, "param").map(({ attrs: { name } }) => name)
      .filter((name) => !name.startsWith(lpipsPath));
    this.checked = ["total_loss", "grad_norm_generator"].concat(
      run.discriminator ? ["disc_loss", "grad_norm_discriminator"] : [],
    );
  }

  /** Opens data and weights. Throws `ArgumentError`, `CheckpointError` or `DataError` where they do not fit. */
  static async open(
    run: TokenizerRun,
    backend: Backend,
    { onDamaged }: Pick<ImageReaderOptions, "onDamaged"> = {},
  ): Promise<TokenizerStage> {
    const config = configOf(run), factor = downsamplingFactor(config), { size } = run.data;
    checkConfig(config, "the configuration");
    if (size % factor !== 0 || size < 2 * factor) {
      throw new ArgumentError("Cannot train: data.size", {
        expected: `a multiple of ${factor}, at least ${2 * factor}`,
        got: `${size}`,
      });
    }
    if (run.loss.perceptual && size < leastPerceptual) {
      throw new ArgumentError("Cannot train: data.size", {
        expected: `at least ${leastPerceptual} with a perceptual loss`,
        got: `${size}`,
      });
    }
    await using files = new AsyncDisposableStack();
    const all = files.use(await openImages(run.data.images));
    const { images, heldOut } = parted(all, run);
    const sampler = createSampler(images, { seed: run.seed, batch: run.batch, ...run.data });
    const batches = files.use(new ImageBatches(images, sampler, { size, onDamaged }));
    const training = stepOf(run, config);
    const source = files.use(await tokenizerSource(run, { config, training }));
    const stage = new TokenizerStage(run, {
      ...{ backend, batches, images, heldOut, training, source },
      files: files.move(),
    });
    return stage;
  }

  async data(step: number): Promise<Inputs> {
    return { x: (await this.#parts.batches.batch(step)).images };
  }

  settings(step: number, { updates }: { updates: number }): { inputs: Inputs; learningRate: number } {
    const { optimizer, discriminator, loss: { entropyAnnealing } } = this.#run;
    const learningRate = optimizer.learningRate * this.#schedule(step),
      each = { step: updates + 1, learningRate };
    const enlarged = entropyAnnealing
      ? entropyAnnealing.ratio * Math.max(0, 1 - step / entropyAnnealing.steps)
      : 0;
    return {
      learningRate,
      inputs: {
        ...adamStep(each, { ...optimizer, name: optimizers.generator }),
        ...(discriminator && adamStep(each, { ...optimizer, name: optimizers.discriminator })),
        ...stepFactors({
          // The reference counts a step between the two.
          generator: discriminator && step >= discriminator.start ? 1 : 0,
          discriminator: discriminator && step + 1 >= discriminator.start ? 1 : 0,
          entropy: 1 + enlarged,
        }),
      },
    };
  }

  /** PSNR of the averaged weights on the held-out images; nothing without them. */
  async evaluate(states: States): Promise<Readonly<Record<string, number>>> {
    const { heldOut } = this.#parts;
    if (heldOut.length === 0) return {};
    return { ...await evaluateTokenizer(this.#config, this.#trial(states, spread(heldOut, mostEvaluated))) };
  }

  /** Images above their reconstructions by the averaged weights; held-out images if there are any. */
  async samples(states: States): Promise<SampleRows> {
    const { size } = this.#run.data, { heldOut, images } = this.#parts;
    const trial = this.#trial(states, spread(heldOut.length > 0 ? heldOut : images, mostShown));
    const rows: [Image[], Image[]] = [[], []];
    for await (const { original, decoded } of reconstructions(this.#config, trial)) {
      [original, decoded].forEach((image, row) =>
        rows[row]!.push(...tensorToImages(f32Tensor([1, size, size, 3], image), { layout: "NHWC" }))
      );
    }
    return rows;
  }

  #trial(states: States, images: ImageSource): TokenizerTrial {
    const { batch, microbatches, data: { size } } = this.#run,
      { backend } = this.#parts,
      stays = new Set(this.frozen);
    const read = async (name: string) =>
      stays.has(name)
        ? await this.source.read(name)
        : (await states.read(emaName(name))).data as Float32Array;
    return { backend, read, images, size, batch: batch / microbatches };
  }

  /** Writes the averaged and the raw weights as folders that `Tokenizer.load` takes. */
  async publish(checkpoint: string, folder: string): Promise<readonly string[]> {
    const paths = [modelFolder, rawModelFolder].map((name) => `${folder}/${name}`);
    for (const [i, path] of paths.entries()) await convertCheckpoint(checkpoint, path, { raw: i === 1 });
    return paths;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.files.disposeAsync();
  }
}

function stepOf(run: TokenizerRun, config: TokenizerConfig): TrainingStep {
  const {
    loss,
    discriminator,
    optimizer,
    init,
    batch,
    microbatches,
    ema,
    gradientCheckpointing,
    precision,
    data: { size },
  } = run;
  return tokenizerStep(config, {
    n: batch / microbatches,
    microbatches,
    size,
    discriminator,
    l1Weight: loss.l1,
    l2Weight: loss.l2,
    entropyWeight: loss.entropy,
    commitmentWeight: loss.commitment,
    perceptual: loss.perceptual !== undefined,
    frozenEncoder: init?.train === "decoder",
    adam: optimizer,
    emaDecay: ema,
    gradientCheckpointing,
    lossScale: lossScaleFor(precision),
  });
}

function configOf({ model: { bits, ...model } }: TokenizerRun): TokenizerConfig {
  return { kind: "image", ...model, zChannels: bits, inChannels: 3, outChannels: 3 };
}
