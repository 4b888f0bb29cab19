import type { Backend } from "../../backend/backend.ts";
import { look } from "../../io/host.ts";
import { ArgumentError, DataError } from "../../tensor/errors.ts";
import { imageGrid } from "../../tokenizer/grid.ts";
import { Tokenizer } from "../../tokenizer/tokenizer.ts";
import type { TransformerRun } from "../config/run.ts";
import { openImages } from "../../data/open_images.ts";
import type { ImageReaderOptions } from "../../data/image_reader.ts";
import { openTokenSet } from "../../data/open_token_set.ts";
import type { TokenSet } from "../../data/token_set.ts";
import { tokenizeImages } from "../../data/tokenize.ts";

/** The tokens in a run's folder, where the run makes them itself. */
export const tokensFile = "tokens.safetensors";

/** What opening a run's tokens tells, and what ends it. */
export interface OpenTokensOptions extends Pick<ImageReaderOptions, "onDamaged"> {
  /** Called with the number of encoded images and of all. */
  readonly onEncoded?: (progress: { done: number; total: number }) => void;
  /** Ends the work early. */
  readonly signal?: AbortSignal;
}

/**
 * Opens the tokens that a transformer is trained on: those that the configuration names, or those of its images, made
 * once by the frozen tokenizer and kept in the run's folder.
 *
 * Throws `ArgumentError` where they do not fit the configuration, `DataError` where they have no labels, and what
 * `openTokenSet`, `openImages` and `tokenizeImages` throw.
 */
export async function openRunTokens(
  run: TransformerRun,
  { folder, backend, ...options }: OpenTokensOptions & { folder: string; backend: Backend },
): Promise<TokenSet> {
  const { data, model: { bits: [first, second] } } = run;
  const set = await openTokenSet(data.tokens ?? await tokensOf(run, { folder, backend, ...options }));
  try {
    if (set.codebookSize !== 2 ** (first + second)) {
      throw new ArgumentError("Cannot train: model.bits", {
        expected: `two numbers whose sum is the tokens' ${Math.log2(set.codebookSize)} bits`,
        got: `${first} and ${second}`,
      });
    }
    const [rows, columns] = imageGrid(set.grid, `train on ${set.name}`);
    if (rows !== columns) {
      throw new ArgumentError("Cannot train: data.tokens", {
        expected: "as many rows of tokens as columns",
        got: `${rows} and ${columns}`,
      });
    }
    if (data.mirror !== "none" && !set.hasMirrored) {
      throw new ArgumentError("Cannot train: data.mirror", {
        expected: `none, as ${set.name} has no mirror images`,
        got: data.mirror,
        hint: "make the tokens with --mirror",
      });
    }
    if (!set.labels) {
      throw new DataError(`Cannot train on the classes of ${set.name}`, {
        expected: "images with labels",
        got: "images without",
      });
    }
    return set;
  } catch (error) {
    await set[Symbol.asyncDispose]();
    throw error;
  }
}

async function tokensOf(
  { tokenizer: model, data }: TransformerRun,
  { folder, backend, onEncoded, ...options }: OpenTokensOptions & { folder: string; backend: Backend },
): Promise<string> {
  const output = `${folder}/${tokensFile}`;
  if (await look(output)) return output;
  await using source = await openImages(data.images!, options);
  await using tokenizer = await Tokenizer.load(model, { backend, signal: options.signal });
  const { size } = data, mirror = data.mirror !== "none";
  await tokenizeImages(source, tokenizer, {
    ...options,
    output,
    model,
    size,
    mirror,
    onProgress: onEncoded,
  });
  return output;
}
