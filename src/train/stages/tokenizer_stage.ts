import type { Backend, States, WeightSource } from "../../backend/backend.ts";
import type { TokenizerConfig } from "../../checkpoint/config.ts";
import { convertCheckpoint } from "../../checkpoint/convert.ts";
import { checkConfig } from "../../checkpoint/infer_config.ts";
import type { Image } from "../../image/image.ts";
import { imagesToTensor, tensorToImages } from "../../image/pixels.ts";
import { prepareImage } from "../../image/prepare.ts";
import { readImage } from "../../image/read.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { f32Tensor } from "../../tensor/tensor.ts";
import { downsamplingFactor } from "../../tokenizer/programs.ts";
import { scheduleOf } from "../config/rates.ts";
import type { TokenizerRun } from "../config/run.ts";
import type { Batches } from "../data/batch.ts";
import { openPictures } from "../data/open_pictures.ts";
import { PictureBatches, type PictureBatchesOptions } from "../data/picture_batches.ts";
import { createSampler } from "../data/sampler.ts";
import type { PictureSource } from "../data/source.ts";
import { split, subset } from "../data/split.ts";
import { tokenizerInitialValues } from "../initial_values.ts";
import { adamStep } from "../optimizer/adam.ts";
import type { Schedule } from "../optimizer/schedules.ts";
import type { SampleRows } from "../run/journal.ts";
import type { Inputs, Stage } from "../run/stage.ts";
import { optimizers, stepFactors, tokenizerStep } from "../tokenizer_step.ts";
import type { TrainingStep } from "../training_step.ts";
import { evaluateTokenizer, reconstructions, type TokenizerTrial } from "./tokenizer_evaluation.ts";

/** The folders of a run that hold the trained model, by its averaged weights and by its raw ones. */
export const modelFolder = "model", rawModelFolder = "model-raw";

/** Pictures on a sheet. */
const sampled = 12;

/** Training of a tokenizer. Disposing closes its data. */
export class TokenizerStage implements Stage {
  readonly training: TrainingStep;
  readonly checked: readonly string[];
  readonly source: WeightSource;
  readonly best = { metric: "psnr", largest: true } as const;
  readonly #run: TokenizerRun;
  readonly #config: TokenizerConfig;
  readonly #backend: Backend;
  readonly #batches: Batches;
  readonly #training: PictureSource;
  readonly #heldOut: PictureSource;
  readonly #schedule: Schedule;
  readonly #open: AsyncDisposableStack;

  private constructor(
    run: TokenizerRun,
    parts: {
      backend: Backend;
      batches: Batches;
      training: PictureSource;
      heldOut: PictureSource;
      open: AsyncDisposableStack;
    },
  ) {
    this.#run = run;
    this.#config = configOf(run);
    this.#backend = parts.backend;
    this.#batches = parts.batches;
    this.#training = parts.training;
    this.#heldOut = parts.heldOut;
    this.#open = parts.open;
    this.#schedule = scheduleOf(run);
    const { loss, discriminator, optimizer, seed, data: { size } } = run;
    this.training = tokenizerStep(this.#config, {
      n: run.batch,
      size,
      discriminator,
      l1Weight: loss.l1,
      l2Weight: loss.l2,
      entropyWeight: loss.entropy,
      commitmentWeight: loss.commitment,
      perceptual: false,
      adam: optimizer,
      emaDecay: run.ema,
    });
    this.checked = ["total_loss", "grad_norm_generator"].concat(
      discriminator ? ["disc_loss", "grad_norm_discriminator"] : [],
    );
    const shapes = new Map([...this.training.parameters].map(([name, { shape }]) => [name, shape]));
    this.source = tokenizerInitialValues(shapes, { seed, discriminator: discriminator?.kind });
  }

  /** Opens the data. Throws `ArgumentError`, `CheckpointError` or `DataError` where they do not fit. */
  static async open(
    run: TokenizerRun,
    backend: Backend,
    { onDamaged }: Pick<PictureBatchesOptions, "onDamaged"> = {},
  ): Promise<TokenizerStage> {
    const config = configOf(run), factor = downsamplingFactor(config), { size } = run.data;
    checkConfig(config, "the configuration");
    if (size % factor !== 0 || size < 2 * factor) {
      throw new ArgumentError("Cannot train: data.size", {
        expected: `a multiple of ${factor}, at least ${2 * factor}`,
        got: `${size}`,
      });
    }
    await using open = new AsyncDisposableStack();
    const all = open.use(await openPictures(run.data.pictures)), out = run.data.heldOut ?? all.heldOut ?? [];
    const { training, heldOut } = split(
      all,
      typeof out === "number" ? { fraction: out, seed: run.seed } : out,
    );
    const sampler = createSampler(training, { seed: run.seed, batch: run.batch, ...run.data });
    const batches = open.use(new PictureBatches(training, sampler, { size, onDamaged }));
    return new TokenizerStage(run, { backend, batches, training, heldOut, open: open.move() });
  }

  async data(step: number): Promise<Inputs> {
    return { x: (await this.#batches.batch(step)).images };
  }

  settings(step: number, updates: number): { inputs: Inputs; rate: number } {
    const { optimizer, discriminator, loss: { enlarge } } = this.#run;
    const rate = optimizer.rate * this.#schedule(step), each = { step: updates + 1, rate };
    const enlarged = enlarge ? enlarge.ratio * Math.max(0, 1 - step / enlarge.steps) : 0;
    return {
      rate,
      inputs: {
        ...adamStep(each, { ...optimizer, name: optimizers.generator }),
        ...(discriminator && adamStep(each, { ...optimizer, name: optimizers.discriminator })),
        ...stepFactors({
          adversarial: discriminator && step >= discriminator.start ? 1 : 0,
          entropy: 1 + enlarged,
        }),
      },
    };
  }

  /** PSNR of the averaged weights on the pictures that are held out; nothing where there are none. */
  async evaluate(states: States): Promise<Readonly<Record<string, number>>> {
    if (this.#heldOut.length === 0) return {};
    return { ...await evaluateTokenizer(this.#config, await this.#trial(states, this.#heldOut)) };
  }

  /** Pictures over what the averaged weights make of them: held out ones, if there are any. */
  async samples(states: States): Promise<SampleRows> {
    const { size } = this.#run.data, shown = this.#heldOut.length > 0 ? this.#heldOut : this.#training;
    const trial = await this.#trial(states, subset(shown, firstOf(shown.length, sampled)));
    const rows: [Image[], Image[]] = [[], []];
    for await (const { original, decoded } of reconstructions(this.#config, trial)) {
      [original, decoded].forEach((picture, row) =>
        rows[row]!.push(...tensorToImages(f32Tensor([1, size, size, 3], picture)))
      );
    }
    return rows;
  }

  async #trial(states: States, source: PictureSource): Promise<TokenizerTrial> {
    const { batch, data: { size } } = this.#run;
    return { backend: this.#backend, states, pictures: await readAll(source, size), size, batch };
  }

  /** Writes the averaged and the raw weights as folders that `Tokenizer.load` takes. */
  async publish(checkpoint: string, folder: string): Promise<readonly string[]> {
    const paths = [modelFolder, rawModelFolder].map((name) => `${folder}/${name}`);
    for (const [i, path] of paths.entries()) await convertCheckpoint(checkpoint, path, { raw: i === 1 });
    return paths;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
  }
}

function configOf({ model: { bits, ...model } }: TokenizerRun): TokenizerConfig {
  return { kind: "image", ...model, zChannels: bits, inChannels: 3, outChannels: 3 };
}

function firstOf(length: number, most: number): number[] {
  return Array.from({ length: Math.min(length, most) }, (_, i) => i);
}

/** All pictures of a source, from their middles, `[n,size,size,3]` in [−1,1]. */
async function readAll(source: PictureSource, size: number): Promise<Float32Array> {
  const all = new Float32Array(source.length * size * size * 3);
  for (let i = 0; i < source.length; i++) {
    const read = await source.read(i), image = read instanceof Uint8Array ? await readImage(read) : read;
    const square = prepareImage(image, { size, crop: "center", mirrored: false });
    imagesToTensor([square], { into: all.subarray(i * size * size * 3) });
  }
  return all;
}
