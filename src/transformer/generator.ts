import { classNamesOf } from "./classes.ts";
import { samplingOf } from "./sampling_json.ts";
import type { Cancellable } from "../backend/backend.ts";
import { tokenizerWeights } from "../models/tokenizer_weights.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { TokenizerModel } from "../tokenizer/engine.ts";
import type { ModelSource } from "../models/find.ts";
import { quantizerOf } from "../tokenizer/quantizers/quantizer_of.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import type { TransformerConfig, TransformerOptions } from "../networks/transformer/config.ts";
import type { Generation } from "./generation.ts";
import { DecodeBatch } from "./decode_batch.ts";
import { type Batch, generateTokens } from "./generate_tokens.ts";
import { type EngineOptions, TransformerEngine } from "./engine.ts";
import { likeliest } from "./likelihood.ts";
import { openGenerative } from "../models/open_generative.ts";
import { ImageDecoder } from "./image_decoder.ts";
import { type GenerateOptions, type Plan, planOf } from "./request.ts";
import { pretty, type SamplingSettings } from "./settings.ts";
import { type TransformerModel, transformerWeights } from "../models/transformer_weights.ts";

/** How a generator is loaded. */
export interface GeneratorLoadOptions extends EngineOptions, TransformerOptions {
  /** Where the tokenizer comes from, if not from the transformer's own checkpoint. */
  tokenizer?: ModelSource;
}

/** An image that was generated. */
export interface GeneratedImage {
  readonly classId: number;
  /** The class's name, where the model has names. */
  readonly className?: string;
  /** Its number: with the seed and the settings it decides what is generated. */
  readonly index: number;
  readonly seed: number;
  readonly tokens: Tokens;
  readonly image: Image;
}

/** How far the generation of a batch is. */
export interface Generationstep {
  /** Tokens of each of these images that are generated, of how many. */
  readonly generated: number;
  readonly of: number;
  /** Numbers of the images that are being generated. */
  readonly indices: readonly number[];
  /** The images so far, or the first candidates, grey where nothing is generated yet: every `everyRows` rows. */
  readonly partial?: readonly Image[];
  /** The finished images, with the last token. */
  readonly images?: readonly GeneratedImage[];
}

/** What `Generator.stream` takes. */
export interface StreamOptions extends GenerateOptions {
  /** Rows of tokens after which partial images come; 0 for none, the default. */
  everyRows?: number;
}

/** A generative model: what generates tokens, what turns them into images, and what its classes are called. */
export interface GeneratorModel {
  readonly transformer: TransformerModel;
  readonly tokenizer: TokenizerModel;
  readonly classNames?: readonly string[];
  /** How tokens are generated where a request does not say it; default `pretty`. */
  readonly sampling?: SamplingSettings;
}

/**
 * Generates images of classes, token by token, by an Open-MAGVIT2 transformer.
 *
 * The same seed generates the same images, however many are generated at once and with any number of threads. Calls at the
 * same time run one after the other; aborting a call's signal ends it within one token and leaves the generator usable.
 * Dispose it, best by `await using`.
 */
export class Generator implements AsyncDisposable {
  /** The names of the classes, where the model has some. */
  readonly classNames: readonly string[] | undefined;
  /** How tokens are generated where a request does not say it. */
  readonly sampling: SamplingSettings;
  readonly #engine: TransformerEngine;
  readonly #decoder: ImageDecoder;
  readonly #codebookSize: number;

  private constructor(
    { classNames, sampling = pretty, tokenizer }: GeneratorModel,
    { engine, decoder }: { engine: TransformerEngine; decoder: ImageDecoder },
  ) {
    this.classNames = classNames;
    this.sampling = sampling;
    this.#engine = engine;
    this.#decoder = decoder;
    this.#codebookSize = quantizerOf(tokenizer.config).codebookSize;
  }

  /**
   * Loads a generator from a checkpoint of an autoregressive model, which holds its tokenizer, too; or from a folder with
   * `model.safetensors` and `transformer.safetensors`; or by the name of a model that comes with this package.
   *
   * Throws `CheckpointError` where a file is damaged or lacks one of the two, `NumericError` where a weight is not finite,
   * `ArgumentError` for a wrong option or a tokenizer that does not fit, `BackendError` where the backend cannot run here.
   */
  static async load(
    source: ModelSource,
    { tokenizer, ...options }: GeneratorLoadOptions = {},
  ): Promise<Generator> {
    options.signal?.throwIfAborted();
    await using files = await openGenerative(source, { tokenizer });
    const { heads = files.said.heads, grid = files.said.grid } = options;
    const transformer = transformerWeights(files.transformer, { heads, grid });
    const classNames = await classNamesOf(files, transformer.config.classes);
    const sampling = await samplingOf(files);
    const model = { transformer, tokenizer: tokenizerWeights(files.tokenizer), classNames, sampling };
    return await Generator.fromWeights(model, options);
  }

  /** Makes a generator of the given configuration from weights by name. Throws as `load` does. */
  static async fromWeights(model: GeneratorModel, options: EngineOptions = {}): Promise<Generator> {
    const { bits, grid } = model.transformer.config, { codebookSize } = quantizerOf(model.tokenizer.config);
    if (2 ** (bits[0] + bits[1]) !== codebookSize) {
      throw new ArgumentError("Cannot load the generator: the tokenizer", {
        expected: `2^(${bits[0]} + ${bits[1]}) codes, as the transformer generates`,
        got: `${codebookSize}`,
        hint: "give the tokenizer that the transformer was trained with",
      });
    }
    const { onProgress, signal } = options;
    const engine = await TransformerEngine.load(model.transformer, options);
    try {
      const decoder = await ImageDecoder.load(model.tokenizer, {
        backend: engine.backend,
        grid,
        onProgress,
        signal,
      });
      return new Generator(model, { engine, decoder });
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the transformer is made of. */
  get config(): TransformerConfig {
    return this.#engine.config;
  }

  /** Pixels of an image along each side. */
  get size(): number {
    return this.config.grid * this.#decoder.factor;
  }

  /** The name of the backend that runs the model. */
  get backend(): string {
    return this.#engine.backend.name;
  }

  /** Generates images: `n` of each class, class by class. Throws `ArgumentError` for an option out of its range. */
  async generate(options: GenerateOptions): Promise<GeneratedImage[]> {
    const images: GeneratedImage[] = [];
    for await (const step of this.stream(options)) images.push(...step.images ?? []);
    return images;
  }

  /** Generates images and tells after each token how far they are. Throws as `generate` does. */
  async *stream(options: StreamOptions): AsyncGenerator<Generationstep, void, undefined> {
    const { everyRows = 0, signal } = options, { grid } = this.config;
    const { batches } = this.#plan(options);
    if (!Number.isSafeInteger(everyRows) || everyRows < 0) {
      throw new ArgumentError("Cannot generate images: everyRows", {
        expected: "a whole number from 0 on",
        got: String(everyRows),
      });
    }
    signal?.throwIfAborted();
    const end = await this.#engine.turn("generate images");
    try {
      for (const batch of batches) {
        for await (const { tokens, count } of generateTokens(this.#engine, batch, { signal })) {
          const firsts = <Item>(items: readonly Item[]) =>
            items.filter((_, i) => batch.candidates[i]!.candidate === 0);
          const indices = firsts(batch.candidates).map(({ index }) => index);
          const step = { generated: count, of: grid ** 2, indices };
          const rows = count / grid;
          if (rows === grid) yield { ...step, images: await this.#finish(batch, tokens, { signal }) };
          else if (everyRows > 0 && Number.isInteger(rows) && rows % everyRows === 0) {
            yield { ...step, partial: await this.#decodeRows(firsts(tokens), rows, { signal }) };
          } else yield step;
        }
      }
    } finally {
      end();
    }
  }

  /**
   * The images that `generate` would generate, as the candidates of each, to be generated at places of a table; `likeliest`
   * then chooses. For services, which generate images of several requests side by side. Throws as `generate` does.
   */
  plan(options: GenerateOptions): Generation[][] {
    const { batches } = this.#plan(options), positions = this.config.grid ** 2;
    return batches.flatMap(({ candidates, seed, settings }) => {
      const generations = candidates.map((candidate) => {
        return { ...candidate, seed, settings, tokens: new Uint32Array(positions), count: 0 };
      });
      return grouped(generations, settings.candidates);
    });
  }

  /** The one of an image's candidates, all generated, that `generate` would keep. */
  async likeliest(candidates: readonly Generation[], options: Cancellable = {}): Promise<Generation> {
    const end = await this.#engine.turn("choose an image");
    try {
      return await likeliest(this.#engine, candidates, options);
    } finally {
      end();
    }
  }

  /**
   * Opens a table of `size` places, for images with guidance or for those without. Its user disposes it, before the
   * generator. Throws `BackendError` if memory lacks.
   */
  async openBatch({ size, guided }: { size: number; guided: boolean }): Promise<DecodeBatch> {
    const program = await this.#engine.compileStep({ n: size, guided });
    return new DecodeBatch(program, { config: this.config, size, guided });
  }

  /** Waits for the calls under way, then frees memory and threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    const end = await this.#engine.turn("dispose the generator").catch(() => undefined);
    if (!end) return;
    await this.#decoder[Symbol.asyncDispose]();
    end();
    await this.#engine[Symbol.asyncDispose]();
  }

  #plan(options: GenerateOptions): Plan {
    return planOf(options, { config: this.config, names: this.classNames, sampling: this.sampling });
  }

  async #finish(
    { candidates, seed, settings }: Batch,
    tokens: readonly Uint32Array[],
    options: Cancellable,
  ): Promise<GeneratedImage[]> {
    const { grid } = this.config, images: GeneratedImage[] = [];
    const generated = candidates.map((candidate, i) => ({ ...candidate, tokens: tokens[i]! }));
    for (const some of grouped(generated, settings.candidates)) {
      const { classId, index, tokens: data } = await likeliest(this.#engine, some, options);
      images.push({
        classId,
        ...this.classNames && { className: this.classNames[classId]! },
        index,
        seed,
        tokens: { grid: [grid, grid], codebookSize: this.#codebookSize, data },
        image: await this.#decoder.decode(data, options),
      });
    }
    return images;
  }

  async #decodeRows(tokens: readonly Uint32Array[], rows: number, options: Cancellable): Promise<Image[]> {
    const images: Image[] = [];
    for (const data of tokens) images.push(await this.#decoder.decodeRows(data, rows, options));
    return images;
  }
}

/** Cuts a list into lists of `size`. */
function grouped<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size));
}
