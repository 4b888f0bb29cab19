import type { Backend, Cancellable, OnProgress, Program, Weights } from "../backend/backend.ts";
import type { Image } from "../image/image.ts";
import { tensorToImages } from "../image/pixels.ts";
import { type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import type { TokenizerModel } from "../tokenizer/engine.ts";
import { checkFinite, finiteWeights } from "../runtime/finite.ts";
import { decodeGraph } from "../tokenizer/programs.ts";
import { downsamplingFactor } from "../networks/magvit2/config.ts";

/** The decoder of a tokenizer alone, for images of one size, one at a time. */
export class ImageDecoder implements AsyncDisposable {
  /** Pixels of a token along each side. */
  readonly factor: number;
  readonly #grid: number;
  readonly #weights: Weights;
  readonly #program: Program;

  private constructor(parts: { factor: number; grid: number; weights: Weights; program: Program }) {
    this.factor = parts.factor;
    this.#grid = parts.grid;
    this.#weights = parts.weights;
    this.#program = parts.program;
  }

  /** Loads the decoder's weights only, for images of `grid` tokens along each side. */
  static async load(
    { config, source }: TokenizerModel,
    { backend, grid, onProgress, signal }: {
      backend: Backend;
      grid: number;
      onProgress?: OnProgress;
    } & Cancellable,
  ): Promise<ImageDecoder> {
    const factor = downsamplingFactor(config);
    const graph = decodeGraph(config, { n: 1, height: grid * factor, width: grid * factor });
    const weights = await backend.load(finiteWeights(source), {
      ...{ graphs: [graph], format: source.halves ? "f16" : "f32" },
      ...{ onProgress, signal },
    });
    try {
      return new ImageDecoder({ factor, grid, weights, program: await backend.compile(graph, weights) });
    } catch (error) {
      await weights[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The image of grid² tokens. */
  async decode(tokens: Uint32Array, options: Cancellable): Promise<Image> {
    const input = u32Tensor([1, this.#grid, this.#grid], tokens);
    const { x } = await this.#program.run({ tokens: input }, options) as { x: HostTensor<"f32"> };
    checkFinite(x.data, "decode the tokens");
    return tensorToImages(x)[0]!;
  }

  /**
   * The image of the first `rows` rows of tokens, grey below. For the decoder, which sees some way around each token,
   * the last of these rows is repeated.
   */
  async decodeRows(tokens: Uint32Array, rows: number, options: Cancellable): Promise<Image> {
    const image = await this.decode(repeatLastRow(tokens, { rows, grid: this.#grid }), options);
    greyBelow(image, rows * this.factor);
    return image;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
    await this.#weights[Symbol.asyncDispose]();
  }
}

/** Tokens of `grid` rows of which the first `rows` are generated: the last of these also stands for those below. */
export function repeatLastRow(
  tokens: Uint32Array,
  { rows, grid }: { rows: number; grid: number },
): Uint32Array {
  const repeated = tokens.slice();
  for (let row = rows; row < grid; row++) {
    repeated.copyWithin(row * grid, (rows - 1) * grid, rows * grid);
  }
  return repeated;
}

/** Makes an image grey from row `y` on. */
export function greyBelow(image: Image, y: number): void {
  image.data.fill(128, y * image.width * 3);
}
