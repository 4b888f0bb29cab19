import type { Backend, Cancellable, OnProgress, Weights, WeightSource } from "../backend/backend.ts";
import { type BackendName, createBackend } from "../backend/select.ts";
import type { TokenizerConfig } from "../networks/magvit2/config.ts";
import { BackendError } from "../tensor/errors.ts";
import type { HostTensor } from "../tensor/tensor.ts";
import { checkFinite, finiteWeights } from "../runtime/finite.ts";
import { ProgramCache } from "../runtime/program_cache.ts";
import { decodeGraph, encodeGraph, type Extent } from "./programs.ts";
import { downsamplingFactor } from "../networks/magvit2/config.ts";

/** How a tokenizer is made. */
export interface TokenizerOptions extends Cancellable {
  /** What runs it: a name (default `auto`), or a backend of yours, which is then not disposed with the tokenizer. */
  backend?: BackendName | Backend;
  /** Threads of the backend; default: as many as there are processors. */
  threads?: number;
  /** Called for each weight that has been loaded. */
  onProgress?: OnProgress;
}

/** A tokenizer's configuration and where its weights come from. */
export interface TokenizerModel {
  readonly config: TokenizerConfig;
  readonly source: WeightSource;
}

/** Programs that are kept, one for each direction and shape. */
const keptPrograms = 8;
/** Least side of the images whose graphs tell the backend which weights are needed. */
const typicalSide = 256;

const builders = { encode: encodeGraph, decode: decodeGraph };

/** A tokenizer's weights in a backend, and its programs: one for each shape that is asked for. */
export class Engine implements AsyncDisposable {
  readonly config: TokenizerConfig;
  readonly backend: Backend;
  readonly #weights: Weights;
  readonly #ownsBackend: boolean;
  readonly #programs: ProgramCache = new ProgramCache(keptPrograms);
  readonly #calls: Set<Promise<unknown>> = new Set();
  #disposed: Promise<void> | undefined;

  private constructor(
    config: TokenizerConfig,
    parts: { backend: Backend; ownsBackend: boolean; weights: Weights },
  ) {
    this.config = config;
    this.backend = parts.backend;
    this.#ownsBackend = parts.ownsBackend;
    this.#weights = parts.weights;
  }

  /** Loads all weights. Throws `NumericError` where one is not finite, and what source and backend throw. */
  static async load(
    { config, source }: TokenizerModel,
    { backend: chosen, threads, onProgress, signal }: TokenizerOptions,
  ): Promise<Engine> {
    signal?.throwIfAborted();
    const ownsBackend = typeof chosen !== "object";
    const backend = ownsBackend ? await createBackend(chosen, { threads }) : chosen;
    try {
      const side = Math.max(typicalSide, 2 * downsamplingFactor(config));
      const extent = { n: 1, height: side, width: side };
      const graphs = [encodeGraph(config, extent), decodeGraph(config, extent)];
      const format = source.halves ? "f16" : "f32";
      const weights = await backend.load(finiteWeights(source), { graphs, format, onProgress, signal });
      return new Engine(config, { backend, ownsBackend, weights });
    } catch (error) {
      if (ownsBackend) await backend[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Runs `work` unless the engine is disposed; disposing waits for it. `action` completes "Cannot …".
   * Rejects with `BackendError` where it is, or with what `work` throws.
   */
  async call<Result>(action: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#disposed) {
      throw new BackendError(`Cannot ${action}`, {
        expected: "a tokenizer in use",
        got: "one that was disposed",
        hint: "load it again",
      });
    }
    const call = work();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Latents z `[N,h,w,bits]` and tokens u32 `[N,h,w]` of images x `[N,H,W,3]`. */
  async encode(
    x: HostTensor<"f32">,
    { signal }: Cancellable,
  ): Promise<{ z: HostTensor<"f32">; tokens: HostTensor<"u32"> }> {
    const [n, height, width] = x.shape as [number, number, number];
    const outputs = await this.#run("encode", { n, height, width }, { inputs: { x }, signal });
    const { z, tokens } = outputs as { z: HostTensor<"f32">; tokens: HostTensor<"u32"> };
    checkFinite(z.data, "encode the image");
    return { z, tokens };
  }

  /** Images `[N,H,W,3]` of tokens u32 `[N,h,w]`. */
  async decode(tokens: HostTensor<"u32">, { signal }: Cancellable): Promise<HostTensor<"f32">> {
    const [n, rows, columns] = tokens.shape as [number, number, number];
    const factor = downsamplingFactor(this.config);
    const extent = { n, height: rows * factor, width: columns * factor };
    const { x } = await this.#run("decode", extent, { inputs: { tokens }, signal }) as {
      x: HostTensor<"f32">;
    };
    checkFinite(x.data, "decode the tokens");
    return x;
  }

  /** Waits for the calls under way, then frees memory and, where the engine made the backend, threads. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#calls);
    await this.#programs[Symbol.asyncDispose]();
    await this.#weights[Symbol.asyncDispose]();
    if (this.#ownsBackend) await this.backend[Symbol.asyncDispose]();
  }

  #run(
    direction: keyof typeof builders,
    extent: Extent,
    { inputs, signal }: { inputs: Readonly<Record<string, HostTensor>> } & Cancellable,
  ): Promise<Record<string, HostTensor>> {
    return this.#programs.use(`${direction} ${extent.n}×${extent.height}×${extent.width}`, {
      compile: () => this.backend.compile(builders[direction](this.config, extent), this.#weights),
      work: (program) => program.run(inputs, { signal }),
    });
  }
}
