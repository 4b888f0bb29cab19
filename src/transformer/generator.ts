import { classNamesOf } from "./classes.ts";
import { samplingOf } from "./sampling_json.ts";
import type { Cancellable } from "../backend/backend.ts";
import { tokenizerWeights } from "../models/tokenizer_weights.ts";
import type { Image } from "../image/image.ts";
import { unfit } from "../tensor/describe.ts";
import { ArgumentError } from "../tensor/errors.ts";
import {
  cancellable,
  checkKind,
  checkOptions,
  flag,
  type Kinds,
  required,
  wholeNumber,
} from "../tensor/options.ts";
import { Codec } from "../tokenizer/codec.ts";
import { Tokenizer } from "../tokenizer/tokenizer.ts";
import { downsamplingFactor, type TokenizerConfig } from "../networks/magvit2/config.ts";
import { runtimeKinds, type RuntimeOptions } from "../runtime/options.ts";
import { checkSource } from "../models/check_source.ts";
import type { ModelSource } from "../models/find.ts";
import { quantizerOf } from "../tokenizer/quantizers/quantizer_of.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { beginGeneration, checkGeneration, type Generation } from "./generation.ts";
import { DecodeBatch } from "./decode_batch.ts";
import { type Batch, generateTokens } from "./generate_tokens.ts";
import { TransformerEngine } from "./engine.ts";
import { likeliest } from "./likelihood.ts";
import { openGenerative, transformerOf } from "../models/open_generative.ts";
import { decodePartial } from "./partial_image.ts";
import type { GeneratedImage, GenerationStep } from "./generated_image.ts";
import {
  checkGeneratorModel,
  generatorKinds,
  type GeneratorModel,
  type GeneratorOptions,
} from "./generator_model.ts";
import {
  generateKinds,
  type GenerateOptions,
  maxImages,
  type Plan,
  planOf,
  streamKinds,
  type StreamOptions,
} from "./request.ts";
import { defaultSampling, type SamplingSettings } from "./settings.ts";

/**
 * Generates images of classes, token by token, by an Open-MAGVIT2 transformer.
 *
 * The same seed generates the same images, however many are generated at once and with any number of threads. Calls
 * at the same time run one after the other; aborting a call's signal ends it within one token and leaves the
 * generator usable. Dispose it, best by `await using`.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { encodeImage, Generator } from "@voken/magvit2";
 *
 * await using generator = await Generator.load("emoji-64");
 * const [{ image }] = await generator.generate({ classIds: "Flags", seed: 1 });
 * await writeFile("flag.png", await encodeImage(image));
 * ```
 */
export class Generator implements AsyncDisposable {
  /** The names of the classes, if the model has them. */
  readonly classNames: readonly string[] | undefined;
  /** How tokens are sampled unless a request says otherwise. */
  readonly sampling: SamplingSettings;
  readonly #engine: TransformerEngine;
  readonly #decode: Decode;
  readonly #tokenizer: TokenizerConfig;
  /** What the generator disposes. */
  readonly #owned: AsyncDisposableStack;

  private constructor(
    { classNames, sampling = defaultSampling, tokenizer }: GeneratorModel,
    { engine, decode, owned }: { engine: TransformerEngine; decode: Decode; owned: AsyncDisposableStack },
  ) {
    this.classNames = classNames;
    this.sampling = sampling;
    this.#engine = engine;
    this.#decode = decode;
    this.#tokenizer = tokenizer.config;
    this.#owned = owned;
  }

  /**
   * Loads a generator from a checkpoint of an autoregressive model, which holds its tokenizer, too; or from a folder with
   * `model.safetensors` and `transformer.safetensors`; or from any other source that `Tokenizer.load` takes.
   *
   * Throws `CheckpointError` if a file is damaged or lacks one of the two, `NetworkError` if it cannot be fetched,
   * `NumericError` if a weight is not finite,
   * `ArgumentError` for a wrong option or a tokenizer that does not fit, `BackendError` if the backend cannot run here.
   */
  static async load(source: ModelSource, options: GeneratorOptions = {}): Promise<Generator> {
    checkOptions(options, generatorKinds, "load the generator");
    checkSource(source, "load the generator");
    const { tokenizer, raw, prefix, onProgress, cache, signal } = options;
    signal?.throwIfAborted();
    const loaded = tokenizer instanceof Tokenizer ? tokenizer : undefined;
    await using files = await openGenerative(source, {
      ...{ onProgress, cache, signal },
      tokenizer: loaded ? undefined : tokenizer as ModelSource | undefined,
    });
    const transformer = transformerOf(files, options);
    const classNames = await classNamesOf(files, transformer.config.classes);
    const sampling = await samplingOf(files);
    return await Generator.#make({
      transformer,
      tokenizer: loaded ?? tokenizerWeights(files.tokenizer, { raw, prefix }),
      classNames,
      sampling,
    }, options);
  }

  /** Makes a generator of the given configuration from weights by name. Throws as `load` does. */
  static async fromWeights(model: GeneratorModel, options: RuntimeOptions = {}): Promise<Generator> {
    checkOptions(options, runtimeKinds, "load the generator");
    checkGeneratorModel(model);
    return await Generator.#make(model, options);
  }

  static async #make(model: GeneratorModel, options: RuntimeOptions): Promise<Generator> {
    const { bits } = model.transformer.config, { codebookSize } = quantizerOf(model.tokenizer.config);
    if (2 ** (bits[0] + bits[1]) !== codebookSize) {
      throw new ArgumentError("Cannot load the generator: the tokenizer", {
        expected: `2^(${bits[0]} + ${bits[1]}) codes, as the transformer generates`,
        got: `${codebookSize}`,
        hint: "give the tokenizer that the transformer was trained with",
      });
    }
    await using owned = new AsyncDisposableStack();
    let decode: Decode, { backend } = options;
    if (model.tokenizer instanceof Tokenizer) {
      const { tokenizer } = model;
      decode = (tokens, options) => tokenizer.decode(tokens, options);
    } else {
      const codec = owned.use(await Codec.load(model.tokenizer, { ...options, decoderOnly: true }));
      decode = async (tokens, options) => (await codec.decode([tokens], options))[0]!;
      backend = codec.engine.backend;
    }
    // Disposed first: it waits for generation, which decodes and runs on the backend of the codec.
    const engine = owned.use(await TransformerEngine.load(model.transformer, { ...options, backend }));
    return new Generator(model, { engine, decode, owned: owned.move() });
  }

  /** What the transformer is made of. */
  get config(): TransformerConfig {
    return this.#engine.config;
  }

  /** Pixels of an image along each side. */
  get size(): number {
    return this.config.grid * downsamplingFactor(this.#tokenizer);
  }

  /** The name of the backend that runs the model. */
  get backend(): string {
    return this.#engine.backend;
  }

  /** Generates images: `n` of each class, class by class. Throws `ArgumentError` for an option out of its range. */
  async generate(options: GenerateOptions): Promise<GeneratedImage[]> {
    checkOptions(options, generateKinds, "generate images");
    const images: GeneratedImage[] = [];
    for await (const step of this.stream(options)) images.push(...step.images ?? []);
    return images;
  }

  /** Generates images and reports the progress after each token. Throws as `generate` does. */
  async *stream(options: StreamOptions): AsyncGenerator<GenerationStep, void, undefined> {
    checkOptions(options, streamKinds, "generate images");
    const { everyRows = 0, signal } = options, { grid } = this.config;
    const { batches } = this.#plan(options);
    signal?.throwIfAborted();
    using _lock = await this.#engine.lock("generate images", { signal });
    for (const batch of batches) {
      for await (const { tokens, count } of generateTokens(this.#engine, batch, { signal })) {
        const firsts = <Item>(items: readonly Item[]) =>
          items.filter((_, i) => batch.candidates[i]!.candidate === 0);
        const indices = firsts(batch.candidates).map(({ index }) => index);
        const step = { generated: count, of: grid ** 2, indices };
        const rows = count / grid;
        if (rows === grid) yield { ...step, images: await this.#finish(batch, tokens, { signal }) };
        else if (everyRows > 0 && Number.isInteger(rows) && rows % everyRows === 0) {
          yield { ...step, partial: await this.#decodePartials(firsts(tokens), rows, { signal }) };
        } else yield step;
      }
    }
  }

  /**
   * The images that `generate` would make, as the candidates of each, for the slots of a `DecodeBatch`; `likeliest` then
   * chooses. For services, which generate images of several requests side by side. Throws as `generate` does.
   */
  plan(options: GenerateOptions): Generation[][] {
    checkOptions(options, generateKinds, "generate images");
    const { batches } = this.#plan(options), positions = this.config.grid ** 2;
    return batches.flatMap(({ candidates, seed, settings, kept }) => {
      const generations = candidates.map((one) => beginGeneration(one, { seed, settings, positions, kept }));
      return grouped(generations, settings.candidates);
    });
  }

  /**
   * The one of an image's candidates, all generated, that `generate` would keep. Throws `ArgumentError` for candidates that
   * are not complete, or not this model's.
   */
  async likeliest(candidates: readonly Generation[], options: Cancellable = {}): Promise<Generation> {
    const action = "choose an image";
    checkOptions(options, cancellable, action);
    if (!Array.isArray(candidates) || candidates.length === 0) {
      throw unfit(`Cannot ${action}: candidates`, "a list of at least one", candidates);
    }
    for (const candidate of candidates as readonly Generation[]) {
      checkGeneration(candidate, this.config, action);
      const { count, tokens: { length } } = candidate;
      checkKind(count, wholeNumber(length, length), `Cannot ${action}: count`);
    }
    using _lock = await this.#engine.lock(action, options);
    return await likeliest(this.#engine, candidates, options);
  }

  /**
   * Opens a batch of `size` slots, for images with guidance or for those without. The caller disposes it, before the
   * generator. Throws `BackendError` if memory lacks.
   */
  async openBatch(options: { size: number; guided: boolean }): Promise<DecodeBatch> {
    checkOptions(options, batchKinds, "open a batch");
    const { size, guided } = options;
    const program = await this.#engine.compileStep({ n: size, guided });
    return new DecodeBatch(program, { config: this.config, size, guided });
  }

  /** Waits for the calls under way, then frees memory and threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }

  #plan(options: GenerateOptions): Plan {
    return planOf(options, { config: this.config, names: this.classNames, sampling: this.sampling });
  }

  async #finish(
    { candidates, seed, settings }: Batch,
    tokens: readonly Uint32Array[],
    options: Cancellable,
  ): Promise<GeneratedImage[]> {
    const images: GeneratedImage[] = [];
    const generated = candidates.map((candidate, i) => ({ ...candidate, tokens: tokens[i]! }));
    for (const some of grouped(generated, settings.candidates)) {
      const { classId, index, tokens: data } = await likeliest(this.#engine, some, options);
      const tokens = this.#tokensOf(data);
      images.push({
        classId,
        ...this.classNames?.[classId] !== undefined && { className: this.classNames[classId] },
        index,
        seed,
        tokens,
        image: await this.#decode(tokens, options),
      });
    }
    return images;
  }

  async #decodePartials(all: readonly Uint32Array[], rows: number, options: Cancellable): Promise<Image[]> {
    const images: Image[] = [];
    const decode = (tokens: Tokens) => this.#decode(tokens, options);
    for (const data of all) images.push(await decodePartial(this.#tokensOf(data), { rows, decode }));
    return images;
  }

  #tokensOf(data: Uint32Array): Tokens {
    const { grid } = this.config, { codebookSize } = quantizerOf(this.#tokenizer);
    return { grid: [grid, grid], codebookSize, data };
  }
}

const batchKinds: Kinds<{ size: number; guided: boolean }> = {
  size: required(wholeNumber(1, maxImages)),
  guided: required(flag),
};

/** Makes the image of tokens. */
type Decode = (tokens: Tokens, options: Cancellable) => Promise<Image>;

/** Cuts a list into lists of `size`. */
function grouped<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: items.length / size }, (_, i) => items.slice(i * size, (i + 1) * size));
}
