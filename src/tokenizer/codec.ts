import type { Cancellable } from "../backend/backend.ts";
import { OutOfMemoryError } from "../backend/out_of_memory.ts";
import type { Graph } from "../graph/trace.ts";
import { BackendError } from "../tensor/errors.ts";
import type { Image } from "../image/image.ts";
import { imagesToTensor, paddingTo, tensorToImages } from "../image/pixels.ts";
import type { TokenizerModel } from "../models/tokenizer_weights.ts";
import { downsamplingFactor, type TokenizerConfig } from "../networks/magvit2/config.ts";
import { Engine } from "../runtime/engine.ts";
import type { RuntimeOptions } from "../runtime/options.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import { decodeGraph, encodeGraph, type Extent } from "./programs.ts";
import { quantizerOf } from "./quantizers/quantizer_of.ts";
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
    const extent = { n: 1, height: side, width: side };
    const graphs = [decodeGraph(config, extent), ...decoderOnly ? [] : [encodeGraph(config, extent)]];
    const format = source.f16 ? "f16" : "f32";
    return new Codec(config, await Engine.load({ source, graphs, format, programs: keptPrograms }, options));
  }

  /** Latents z `[N,h,w,zChannels]` and tokens u32 `[N,h,w]` of images x `[N,H,W,3]`. */
  async encodeTensor(
    x: HostTensor<"f32">,
    { signal }: Cancellable,
  ): Promise<{ z: HostTensor<"f32">; tokens: HostTensor<"u32"> }> {
    const [n, height, width] = x.shape as [number, number, number], action = "encode the image";
    const { key, graph } = this.#encoder({ n, height, width });
    const outputs = await fitting(
      { n, height, width },
      { action, work: () => this.engine.run(key, { graph, inputs: { x }, action, signal }) },
    );
    return outputs as { z: HostTensor<"f32">; tokens: HostTensor<"u32"> };
  }

  /** Images `[N,H,W,3]` of tokens u32 `[N,h,w]`. */
  async decodeTensor(tokens: HostTensor<"u32">, { signal }: Cancellable): Promise<HostTensor<"f32">> {
    const [n, rows, columns] = tokens.shape as [number, number, number];
    const factor = downsamplingFactor(this.config), height = rows * factor, width = columns * factor;
    const graph = () => decodeGraph(this.config, { n, height, width });
    const action = "decode the tokens", run = { graph, inputs: { tokens }, action, signal };
    const { x } = await fitting(
      { n, height, width },
      { action, work: () => this.engine.run(`decode ${n}×${height}×${width}`, run) },
    );
    return x as HostTensor<"f32">;
  }

  /** Tokens of images of one size. */
  async encode(images: readonly Image[], options: Cancellable): Promise<Tokens[]> {
    const factor = downsamplingFactor(this.config), { codebookSize } = quantizerOf(this.config);
    const { width, height } = paddingTo(images[0]!, factor), extent = { n: images.length, height, width };
    const { key, graph } = this.#encoder(extent);
    // Before there is a tensor, which may be large.
    await fitting(extent, {
      action: "encode the image",
      work: () => this.engine.use(key, { graph, work: () => Promise.resolve() }),
    });
    const { tokens } = await this.encodeTensor(imagesToTensor(images, { factor }), options);
    const [, rows, columns] = tokens.shape as [number, number, number];
    const cells = rows * columns;
    return images.map(({ width, height }, i) => ({
      grid: [rows, columns],
      codebookSize,
      data: tokens.data.slice(i * cells, (i + 1) * cells),
      ...(width % factor || height % factor ? { size: { width, height } } : {}),
    }));
  }

  /** Images of tokens of one grid. */
  async decode(tokens: readonly Tokens[], options: Cancellable): Promise<Image[]> {
    const batch = u32Tensor([tokens.length, ...tokens[0]!.grid]);
    tokens.forEach(({ data }, i) => batch.data.set(data, i * data.length));
    const { shape: [, ...shape], data } = await this.decodeTensor(batch, options);
    const length = data.length / tokens.length;
    return tokens.flatMap(({ size }, i) =>
      tensorToImages(f32Tensor([1, ...shape], data.subarray(i * length, (i + 1) * length)), { crop: size })
    );
  }

  #encoder(extent: Extent): { key: string; graph: () => Graph } {
    const { n, height, width } = extent;
    return { key: `encode ${n}×${height}×${width}`, graph: () => encodeGraph(this.config, extent) };
  }

  /** Waits for the calls under way, then frees memory and threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.engine[Symbol.asyncDispose]();
  }
}

/** Does `work`. Where memory lacks for it, throws a `BackendError` that says how many pixels would fit. */
async function fitting<Result>(
  { n, height, width }: Extent,
  { action, work }: { action: string; work: () => Promise<Result> },
): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof OutOfMemoryError)) throw cause;
    const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
    // Memory grows with the pixels.
    const most = Math.floor(n * height * width * cause.free / cause.wanted);
    throw new BackendError(`Cannot ${action}`, {
      expected: `pixels that need at most ${mebibytes(cause.free)} of memory`,
      got: `${n > 1 ? `${n} of ` : ""}${width}×${height} after padding, which need ${
        mebibytes(cause.wanted)
      }`,
      hint: `about ${most} pixels fit: make the image smaller, or dispose models that are no longer needed`,
      cause,
    });
  }
}
