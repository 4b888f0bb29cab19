import { packageCodec } from "../../../image/codec_packages.ts";
import { toImageData } from "../../../image/image_data.ts";
import { imageGrid } from "../../../tokenizer/grid.ts";
import type { Tokens } from "../../../tokenizer/tokens.ts";
import type { Generator } from "../../../transformer/generator.ts";
import type { Tokenizer } from "../../../tokenizer/tokenizer.ts";
import { loadLibrary } from "./library.ts";
import {
  type Engine,
  type GenerateRequest,
  type GivenTokens,
  type OnImage,
  type PageModel,
  type PageTokens,
  partialImages,
  type Pixels,
} from "./engine.ts";

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
    const library = await loadLibrary();
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
    return pageTokens(await this.#tokenizer.encode(pixels));
  }

  async detokenize(_model: PageModel, tokens: PageTokens): Promise<Pixels> {
    return toImageData(await this.#tokenizer.decode(tokensOf(tokens)));
  }

  async generate(
    _model: PageModel,
    { class_id, top_k, top_p, ...request }: GenerateRequest,
    { given, signal, onImage }: { given?: GivenTokens; signal: AbortSignal; onImage: OnImage },
  ): Promise<void> {
    const generator = this.#generator!, everyRows = Math.ceil(generator.config.grid / (partialImages + 1));
    const options = {
      ...{ classIds: class_id, topK: top_k, topP: top_p, ...request, everyRows, signal },
      ...given && { given: { tokens: tokensOf(given.tokens), mask: given.mask } },
    };
    for await (const { partial, images, indices } of generator.stream(options)) {
      partial?.forEach((image, i) => onImage({ index: indices[i]!, pixels: toImageData(image) }));
      images?.forEach(({ image, index, tokens }) =>
        onImage({ index, pixels: toImageData(image), tokens: pageTokens(tokens) })
      );
    }
  }
}

function tokensOf({ tokens, ...rest }: PageTokens): Tokens {
  return { ...rest, data: Uint32Array.from(tokens) };
}

function pageTokens({ grid, codebookSize, size, data }: Tokens): PageTokens {
  const shown = { grid: imageGrid(grid, "show the tokens"), codebookSize, tokens: [...data] };
  return size ? { ...shown, size } : shown;
}
