import { packageCodec } from "../../../image/codec_packages.ts";
import { toImageData } from "../../../image/image_data.ts";
import { imageGrid } from "../../../tokenizer/grid.ts";
import type { Tokens } from "../../../tokenizer/tokens.ts";
import type { Generator } from "../../../transformer/generator.ts";
import type { Tokenizer } from "../../../tokenizer/tokenizer.ts";
import {
  type Engine,
  type GenerateRequest,
  type OnImage,
  type PageModel,
  type PageTokens,
  partialImages,
  type Pixels,
} from "./engine.ts";

interface Library {
  readonly Tokenizer: typeof Tokenizer;
  readonly Generator: typeof Generator;
}

/** Runs a model in this page. */
export class LocalEngine implements Engine {
  readonly #tokenizer: Tokenizer;
  readonly #generator: Generator | undefined;

  private constructor(tokenizer: Tokenizer, generator: Generator | undefined) {
    this.#tokenizer = tokenizer;
    this.#generator = generator;
  }

  /** Loads the library and the weights. `file` downloads a file of the model. */
  static async load(
    { files = [] }: PageModel,
    file: (name: string) => Promise<Uint8Array>,
  ): Promise<LocalEngine> {
    const address = new URL("playground/local.js", document.baseURI).href;
    const library: Library = await import(address);
    // From here on the page needs no server.
    for (const format of ["jpeg", "webp"] as const) await (await packageCodec(format)).prepare();
    const weights = await file("model.safetensors");
    const tokenizer = await library.Tokenizer.load(weights);
    const generation = files.includes("transformer.safetensors")
      ? await file("transformer.safetensors")
      : undefined;
    return new LocalEngine(
      tokenizer,
      generation && await library.Generator.load(generation, { tokenizer }),
    );
  }

  async tokenize(_model: PageModel, pixels: Pixels): Promise<PageTokens> {
    const { grid, codebookSize, size, data: tokens } = await this.#tokenizer.encode(pixels);
    return {
      grid: imageGrid(grid, "show the tokens"),
      codebookSize,
      tokens: [...tokens],
      ...(size ? { size } : {}),
    };
  }

  async detokenize(_model: PageModel, { tokens, ...rest }: PageTokens): Promise<Pixels> {
    const input: Tokens = { ...rest, data: Uint32Array.from(tokens) };
    return toImageData(await this.#tokenizer.decode(input));
  }

  async generate(
    _model: PageModel,
    { class_id, top_k, top_p, ...request }: GenerateRequest,
    { signal, onImage }: { signal: AbortSignal; onImage: OnImage },
  ): Promise<void> {
    const generator = this.#generator!, everyRows = Math.ceil(generator.config.grid / (partialImages + 1));
    const options = { classIds: class_id, topK: top_k, topP: top_p, ...request, everyRows, signal };
    for await (const { partial, images, indices } of generator.stream(options)) {
      partial?.forEach((image, i) =>
        onImage({ index: indices[i]!, pixels: toImageData(image), done: false })
      );
      images?.forEach(({ image, index }) => onImage({ index, pixels: toImageData(image), done: true }));
    }
  }
}
