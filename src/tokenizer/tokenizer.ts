import type { Cancellable } from "../backend/backend.ts";
import type { TokenizerConfig } from "../networks/magvit2/config.ts";
import { type TokenizerModel, tokenizerWeights } from "../models/tokenizer_weights.ts";
import { checkSize, type Image } from "../image/image.ts";
import type { ImageInput } from "../image/input.ts";
import { imagesOf } from "../image/take_images.ts";
import { cancellable, checkOptions, flag, type Kinds } from "../tensor/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { HostTensor } from "../tensor/tensor.ts";
import { Codec } from "./codec.ts";
import { checkModel } from "../runtime/check_model.ts";
import { runtimeKinds, type RuntimeOptions } from "../runtime/options.ts";
import { checkSource } from "../models/check_source.ts";
import { hintKinds, type ModelHints } from "../models/hints.ts";
import type { ModelSource } from "../models/find.ts";
import { openCheckpoint } from "../models/open.ts";
import { tokenizerConfigKinds } from "../networks/magvit2/config.ts";
import { imageGrid } from "./grid.ts";
import { quantizerOf } from "./quantizers/quantizer_of.ts";
import { type Frame, runsOf } from "./runs.ts";
import { channelsFirst, channelsLast, isCodes, takeImages, takeTokensOrCodes } from "./tensors.ts";
import { checkGrid, checkRange, takeFilm, takeTokens, type Tokens } from "./tokens.ts";
import { itemsOf, windowsOf } from "./windows.ts";

const loadKinds: Kinds<ModelHints & RuntimeOptions> = { ...hintKinds, ...runtimeKinds };

/**
 * Turns images into tokens and tokens into images, by an Open-MAGVIT2 image tokenizer. A video tokenizer is loaded as well; it
 * takes films by `encodeStream` and `decodeStream`, or as tensors.
 *
 * Every call takes a signal; aborting it ends the call with the signal's reason and leaves the tokenizer usable. A
 * tokenizer holds threads and memory: dispose it, best by `await using`. Calls throw `BackendError` after disposal
 * and if the machine fails, and `NumericError` if a result is not finite.
 *
 * @example
 * ```ts
 * import { readImage, Tokenizer } from "@voken/magvit2";
 *
 * await using tokenizer = await Tokenizer.load("emoji-64");
 * const tokens = await tokenizer.encode(await readImage("image.png"));
 * const image = await tokenizer.decode(tokens);
 * ```
 */
export class Tokenizer implements AsyncDisposable {
  readonly #codec: Codec;

  private constructor(codec: Codec) {
    this.#codec = codec;
  }

  /**
   * Loads a tokenizer from a `.ckpt`, `.pth` or `.safetensors` file (told apart by content), a folder with
   * `config.json` and `model.safetensors`, the address of either, a repository of the hub (`hf:owner/name`), or by
   * the name of a model that comes with this package (`emoji-64`). What comes from a network is kept.
   *
   * Throws `CheckpointError` if the file is damaged or holds no tokenizer, `NetworkError` if it cannot be
   * fetched, `NumericError` if a weight is not finite, `ArgumentError` for a wrong option, `BackendError` if the
   * backend cannot run here.
   */
  static async load(source: ModelSource, options: ModelHints & RuntimeOptions = {}): Promise<Tokenizer> {
    checkOptions(options, loadKinds, "load the tokenizer");
    checkSource(source, "load the tokenizer");
    const { raw, prefix, onProgress, cache, signal } = options;
    signal?.throwIfAborted();
    await using checkpoint = await openCheckpoint(source, { onProgress, cache, signal });
    return new Tokenizer(
      await Codec.load(tokenizerWeights(checkpoint, { raw, prefix, video: true }), options),
    );
  }

  /** Makes a tokenizer of the given configuration from weights by name. Throws as `load` does. */
  static async fromWeights(model: TokenizerModel, options: RuntimeOptions = {}): Promise<Tokenizer> {
    checkOptions(options, runtimeKinds, "load the tokenizer");
    checkModel(model, tokenizerConfigKinds, "load the tokenizer");
    return new Tokenizer(await Codec.load(model, options));
  }

  /** What the model is made of. */
  get config(): TokenizerConfig {
    return this.#codec.config;
  }

  /** Number of codes that the model distinguishes: every token is below it. */
  get codebookSize(): number {
    return quantizerOf(this.config).codebookSize;
  }

  /** Whether it takes films. */
  get #isFilm(): boolean {
    return this.config.kind === "video";
  }

  /** Pixels of a token along each side. */
  get factor(): number {
    return this.#codec.factor;
  }

  /** The name of the backend that runs the model. */
  get backend(): string {
    return this.#codec.engine.backend.name;
  }

  /**
   * Throws `ImageError` if memory lacks to encode an image of this size after padding, with `decode` also to decode its
   * tokens; the error says how many pixels fit. `encode` and `reconstruct` check files like that by their headers, before
   * their pixels are decoded. On WASM a run may work in 2 GiB (`maxArenaBytes` of `createBackend`).
   * Throws `ArgumentError` for what is no size.
   */
  checkSize(
    size: { readonly width: number; readonly height: number },
    options: { decode?: boolean } = {},
  ): Promise<void> {
    return this.#codec.engine.call("check the size", async () => {
      checkOptions(options, { decode: flag }, "check the size");
      checkSize(size, "check the size");
      this.#checkImages("check the size");
      await this.#codec.checkRoom(size, { decode: false, ...options });
    });
  }

  /**
   * The tokens of an image of any size: RGB as `readImage` gives it, or what browsers have (`ImageData`, a canvas, an
   * `ImageBitmap`, a file as a `Blob` …). If its sides are not multiples of `factor`, it is centred in a grey frame.
   * Throws `ArgumentError` if it is not a valid image, `ImageError` if it cannot be decoded or drawn, or memory lacks for so
   * many pixels (see `checkSize`).
   */
  encode(image: ImageInput, options?: Cancellable): Promise<Tokens>;
  /** The tokens of each image. They do not depend on the other images. */
  encode(images: readonly ImageInput[], options?: Cancellable): Promise<Tokens[]>;
  encode(images: ImageInput | readonly ImageInput[], options: Cancellable = {}): Promise<Tokens | Tokens[]> {
    return this.#codec.engine.call("encode", async () => {
      checkOptions(options, cancellable, "encode");
      const tokens = await this.#encodeAll(listOf(images), { decode: false, ...options });
      return isList(images) ? tokens : tokens[0]!;
    });
  }

  /**
   * The image that tokens stand for. Throws `ArgumentError` if they are not tokens of this model: another codebook
   * size, a token out of range, a length that does not fit the grid.
   */
  decode(tokens: Tokens, options?: Cancellable): Promise<Image>;
  /** The image of each. It does not depend on the other tokens. */
  decode(tokens: readonly Tokens[], options?: Cancellable): Promise<Image[]>;
  decode(tokens: Tokens | readonly Tokens[], options: Cancellable = {}): Promise<Image | Image[]> {
    return this.#codec.engine.call("decode", async () => {
      checkOptions(options, cancellable, "decode");
      const images = await this.#decodeAll(listOf(tokens), options);
      return isList(tokens) ? images : images[0]!;
    });
  }

  /** Encodes an image and decodes its tokens. Throws as `encode` does. */
  reconstruct(image: ImageInput, options?: Cancellable): Promise<Image>;
  /** The reconstruction of each image. */
  reconstruct(images: readonly ImageInput[], options?: Cancellable): Promise<Image[]>;
  reconstruct(
    images: ImageInput | readonly ImageInput[],
    options: Cancellable = {},
  ): Promise<Image | Image[]> {
    return this.#codec.engine.call("reconstruct", async () => {
      checkOptions(options, cancellable, "reconstruct");
      const tokens = await this.#encodeAll(listOf(images), { decode: true, ...options });
      const reconstructed = await this.#decodeAll(tokens, options);
      return isList(images) ? reconstructed : reconstructed[0]!;
    });
  }

  /**
   * The tokens of a film, window by window of 17 frames, as the reference encodes long ones. Frames are taken as they are needed,
   * so that memory does not depend on the length. The last frame is repeated where a window has not 1 + k·g frames, g of them
   * for a token; `size.frames` then says how many there were.
   * Throws `ArgumentError` for an image tokenizer, and for a frame of another size than the first.
   */
  async *encodeStream(
    frames: AsyncIterable<Image> | Iterable<Image>,
    options: Cancellable = {},
  ): AsyncGenerator<Tokens, void, undefined> {
    checkOptions(options, cancellable, "encode the film");
    this.#checkFilms("encode the film");
    for await (const window of windowsOf(frames)) {
      options.signal?.throwIfAborted();
      yield await this.#codec.engine.call("encode", () => this.#codec.encodeFilm(window, options));
    }
  }

  /** The frames of a film, from the tokens of its windows. Throws `ArgumentError` for tokens that are not of films of this model. */
  async *decodeStream(
    windows: AsyncIterable<Tokens> | Iterable<Tokens>,
    options: Cancellable = {},
  ): AsyncGenerator<Image, void, undefined> {
    checkOptions(options, cancellable, "decode the film");
    this.#checkFilms("decode the film");
    const subject = "Cannot decode the film: windows", expected = "tokens of films";
    for await (const window of itemsOf(windows, { subject, expected })) {
      options.signal?.throwIfAborted();
      const tokens = takeFilm(window, this);
      yield* await this.#codec.engine.call("decode", () => this.#codec.decodeFilm(tokens, options));
    }
  }

  /**
   * Latents z, f32 NCHW `[N,zChannels,h,w]`, and tokens, u32 `[N,h,w]`, of images f32 NCHW `[N,3,H,W]` in [−1,1]. Of films
   * `[N,3,T,H,W]` they have an axis t before h, of 1 + ⌊(T−1)/4⌋ in the published model; T = 1 + 4k frames come back as they are.
   * Throws `ArgumentError` if the shape is another one, or H or W is not a multiple of `factor`.
   */
  encodeTensor(
    x: HostTensor<"f32">,
    options: Cancellable = {},
  ): Promise<{ z: HostTensor<"f32">; tokens: HostTensor<"u32"> }> {
    return this.#codec.engine.call("encode", async () => {
      checkOptions(options, cancellable, "encode the tensor");
      const { config: { inChannels: channels }, factor } = this;
      const images = takeImages(x, { channels, factor, isFilm: this.#isFilm });
      const { z, tokens } = await this.#codec.encodeTensor(channelsLast(images), options);
      return { z: channelsFirst(z), tokens };
    });
  }

  /**
   * Images f32 NCHW `[N,3,H,W]`, about [−1,1] but not clamped, of tokens u32 `[N,h,w]` or of codes of ±1, f32 NCHW
   * `[N,zChannels,h,w]`; films `[N,3,T,H,W]` of those with an axis t before h.
   * Throws `ArgumentError` for another shape, or for values that are not tokens or codes of this model.
   */
  decodeTensor(
    tokensOrCodes: HostTensor<"u32"> | HostTensor<"f32">,
    options: Cancellable = {},
  ): Promise<HostTensor<"f32">> {
    return this.#codec.engine.call("decode", async () => {
      checkOptions(options, cancellable, "decode the tensor");
      const given = takeTokensOrCodes(tokensOrCodes, { bits: this.config.zChannels, isFilm: this.#isFilm });
      const tokens = isCodes(given) ? quantizerOf(this.config).pack(given) : given;
      checkRange(tokens.data, this.codebookSize);
      checkGrid(sizeOf(tokens.shape.slice(1, -1)), tokens.shape.at(-1)!);
      return channelsFirst(await this.#codec.decodeTensor(tokens, options));
    });
  }

  /** Waits for the calls under way, then frees memory and threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#codec[Symbol.asyncDispose]();
  }

  /** Throws `ArgumentError` for a model of images, which takes no films. */
  #checkFilms(action: string): void {
    if (this.#isFilm) return;
    throw new ArgumentError(`Cannot ${action}`, { expected: "a video tokenizer", got: "an image tokenizer" });
  }

  /** Throws `ArgumentError` for a model of films, which takes no images. */
  #checkImages(action: string): void {
    if (!this.#isFilm) return;
    throw new ArgumentError(`Cannot ${action}`, {
      expected: "an image tokenizer",
      got: "a video tokenizer",
      hint: "give it films by encodeStream or encodeTensor",
    });
  }

  async #encodeAll(
    inputs: readonly ImageInput[],
    { decode, signal }: Cancellable & { decode: boolean },
  ): Promise<Tokens[]> {
    this.#checkImages("encode the image");
    const check = (size: Frame) => this.#codec.checkRoom(size, { decode });
    const images = await imagesOf(inputs, { action: "encode the image", check }), all: Tokens[] = [];
    for (const run of runsOf(images, (image) => image)) {
      all.push(...await this.#codec.encode(run, { signal }));
    }
    return all;
  }

  async #decodeAll(given: readonly Tokens[], options: Cancellable): Promise<Image[]> {
    this.#checkImages("decode the tokens");
    const tokens = given.map((one) => takeTokens(one, this));
    const frame = ({ grid }: Tokens) => {
      const [rows, columns] = imageGrid(grid, "decode the tokens");
      return { width: columns * this.factor, height: rows * this.factor };
    };
    const all: Image[] = [];
    for (const run of runsOf(tokens, frame)) all.push(...await this.#codec.decode(run, options));
    return all;
  }
}

function isList<Item>(value: Item | readonly Item[]): value is readonly Item[] {
  return Array.isArray(value);
}

function listOf<Item>(value: Item | readonly Item[]): readonly Item[] {
  return isList(value) ? Array.from(value) : [value];
}
