import type { Cancellable } from "../backend/backend.ts";
import type { Graph } from "../graph/trace.ts";
import type { Image } from "../image/image.ts";
import { imagesToTensor, paddingTo, tensorToImages } from "../image/pixels.ts";
import type { TokenizerModel } from "../models/tokenizer_weights.ts";
import { downsamplingFactor, framesPerToken, type TokenizerConfig } from "../networks/magvit2/config.ts";
import { Engine } from "../runtime/engine.ts";
import type { RuntimeOptions } from "../runtime/options.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import { decodeGraph, encodeGraph, type Extent } from "./programs.ts";
import { quantizerOf } from "./quantizers/quantizer_of.ts";
import { fitting } from "./room.ts";
import { type Frame, maxRunPixels } from "./runs.ts";
import type { Tokens } from "./tokens.ts";

/** Programs that are kept: one for each direction and shape. */
const keptPrograms = 8;
/** Least side of the images whose graphs tell the backend which weights are needed. */
const typicalSide = 256;

/** Encoder and decoder of a tokenizer in a backend, for batches of one shape. */
export class Codec implements AsyncDisposable {
  readonly config: TokenizerConfig;
  readonly engine: Engine;

  private constructor(config: TokenizerConfig, engine: Engine) {
    this.config = config;
    this.engine = engine;
  }

  /** Loads the weights, with `decoderOnly` those of the decoder. Throws as `Engine.load` does. */
  static async load(
    { config, source }: TokenizerModel,
    { decoderOnly = false, ...options }: RuntimeOptions & { decoderOnly?: boolean },
  ): Promise<Codec> {
    const side = Math.max(typicalSide, 2 * downsamplingFactor(config));
    const extent = { n: 1, height: side, width: side, ...config.kind === "video" && { frames: 1 } };
    const graphs = [decodeGraph(config, extent), ...decoderOnly ? [] : [encodeGraph(config, extent)]];
    const format = source.f16 ? "f16" : "f32";
    return new Codec(config, await Engine.load({ source, graphs, format, programs: keptPrograms }, options));
  }

  /** Pixels of a token along each side. */
  get factor(): number {
    return downsamplingFactor(this.config);
  }

  /** Latents z `[N,h,w,zChannels]` and tokens u32 `[N,h,w]` of images x `[N,H,W,3]`; of films with frames after the first axis. */
  async encodeTensor(
    x: HostTensor<"f32">,
    { signal }: Cancellable,
  ): Promise<{ z: HostTensor<"f32">; tokens: HostTensor<"u32"> }> {
    const [n, ...axes] = x.shape.slice(0, -1), [height, width] = axes.slice(-2) as [number, number];
    const extent: Extent = { n: n!, height, width, ...axes.length === 3 && { frames: axes[0]! } };
    const action = "encode the image", { factor } = this;
    const { key, graph } = this.#encoder(extent);
    const work = () => this.engine.run(key, { graph, inputs: { x }, action, signal });
    const outputs = await fitting(extent, { action, factor, work });
    return outputs as { z: HostTensor<"f32">; tokens: HostTensor<"u32"> };
  }

  /** Images `[N,H,W,3]` of tokens u32 `[N,h,w]`; films of tokens with an axis in time. */
  async decodeTensor(tokens: HostTensor<"u32">, { signal }: Cancellable): Promise<HostTensor<"f32">> {
    const [n, ...axes] = tokens.shape, [rows, columns] = axes.slice(-2) as [number, number];
    const { factor } = this,
      time = axes.length === 3 && {
        frames: 1 + (axes[0]! - 1) * framesPerToken(this.config),
      };
    const extent: Extent = { n: n!, height: rows * factor, width: columns * factor, ...time };
    const action = "decode the tokens", { key, graph } = this.#decoder(extent);
    const work = () => this.engine.run(key, { graph, inputs: { tokens }, action, signal });
    const { x } = await fitting(extent, { action, factor, work });
    return x as HostTensor<"f32">;
  }

  /**
   * Throws `ImageError` where memory lacks to encode an image of this size, with `decode` also to decode it again. It makes
   * the programs, which are kept; small images always fit.
   */
  async checkRoom(size: Frame, { decode }: { decode: boolean }): Promise<void> {
    const { factor } = this, { width, height } = paddingTo(size, factor), extent = { n: 1, width, height };
    if (width * height <= maxRunPixels) return;
    const action = decode ? "reconstruct the image" : "encode the image";
    // The decoder, which needs more, first: what the error says that fits is to fit both.
    for (const { key, graph } of [...decode ? [this.#decoder(extent)] : [], this.#encoder(extent)]) {
      const work = () => this.engine.use(key, { graph, work: () => Promise.resolve() });
      await fitting(extent, { action, factor, work });
    }
  }

  /** Tokens of images of one size. */
  async encode(images: readonly Image[], options: Cancellable): Promise<Tokens[]> {
    const { factor } = this, { codebookSize } = quantizerOf(this.config);
    const { tokens } = await this.encodeTensor(imagesToTensor(images, { factor, layout: "NHWC" }), options);
    const [, rows, columns] = tokens.shape as [number, number, number];
    const cells = rows * columns;
    return images.map(({ width, height }, i) => ({
      grid: [rows, columns],
      codebookSize,
      data: tokens.data.slice(i * cells, (i + 1) * cells),
      ...(width % factor || height % factor ? { size: { width, height } } : {}),
    }));
  }

  /**
   * Tokens of a film of one window. The last frame is repeated until there are 1 + k·g frames, g of them for a token, so that none
   * are lost.
   */
  async encodeFilm(frames: readonly Image[], options: Cancellable): Promise<Tokens> {
    const { factor } = this, { codebookSize } = quantizerOf(this.config), { width, height } = frames[0]!;
    const step = framesPerToken(this.config), whole = 1 + Math.ceil((frames.length - 1) / step) * step;
    const padded = Array.from({ length: whole }, (_, i) => frames[Math.min(i, frames.length - 1)]!);
    const x = imagesToTensor(padded, { factor, layout: "NHWC" });
    const { tokens: { shape, data } } = await this.encodeTensor({ ...x, shape: [1, ...x.shape] }, options);
    const isPadded = width % factor || height % factor || whole > frames.length;
    return {
      grid: shape.slice(1) as unknown as Tokens["grid"],
      codebookSize,
      data,
      ...isPadded && { size: { width, height, ...whole > frames.length && { frames: frames.length } } },
    };
  }

  /** The frames of a window's tokens. */
  async decodeFilm({ grid, data, size }: Tokens, options: Cancellable): Promise<Image[]> {
    const { shape, data: values } = await this.decodeTensor(u32Tensor([1, ...grid], data), options);
    const frames = tensorToImages(f32Tensor(shape.slice(1), values), { layout: "NHWC", crop: size });
    return frames.slice(0, size?.frames);
  }

  /** Images of tokens of one grid. */
  async decode(tokens: readonly Tokens[], options: Cancellable): Promise<Image[]> {
    const batch = u32Tensor([tokens.length, ...tokens[0]!.grid]);
    tokens.forEach(({ data }, i) => batch.data.set(data, i * data.length));
    const { shape: [, ...shape], data } = await this.decodeTensor(batch, options);
    const length = data.length / tokens.length;
    return tokens.flatMap(({ size }, i) => {
      const x = f32Tensor([1, ...shape], data.subarray(i * length, (i + 1) * length));
      return tensorToImages(x, { layout: "NHWC", crop: size });
    });
  }

  #encoder(extent: Extent): { key: string; graph: () => Graph } {
    return { key: `encode ${formatExtent(extent)}`, graph: () => encodeGraph(this.config, extent) };
  }

  #decoder(extent: Extent): { key: string; graph: () => Graph } {
    return { key: `decode ${formatExtent(extent)}`, graph: () => decodeGraph(this.config, extent) };
  }

  /** Waits for the calls under way, then frees memory and threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.engine[Symbol.asyncDispose]();
  }
}

function formatExtent({ n, frames, height, width }: Extent): string {
  return [n, ...frames === undefined ? [] : [frames], height, width].join("×");
}
