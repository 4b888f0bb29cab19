import { PartsFolder } from "../io/parts_folder.ts";
import { mirror } from "../image/prepare.ts";
import { ArgumentError, DataError } from "../tensor/errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { Grid } from "../tokenizer/grid.ts";
import type { Tokens } from "../tokenizer/tokens.ts";
import { ImageReader, type ImageReaderOptions } from "./image_reader.ts";
import type { ImageSource } from "./source.ts";
import { type Square, squareSize, squaresOf } from "./squares.ts";
import type { TokenSetFacts } from "./token_set.ts";
import { checkTokenFile, joinTokenParts, type TokenArrays, writeTokenPart } from "./write_token_set.ts";

/** How a data set is turned into tokens. */
export interface TokenizeOptions extends ImageReaderOptions {
  /** Where the tokens go: `.npz` or `.safetensors`. */
  readonly output: string;
  /** What the tokenizer is called in the file; another one does not go on with what this one began. */
  readonly model: string;
  /** Pixels of a side; default that of the images, where they are squares for the tokenizer. */
  readonly size?: number;
  /** Whether the mirror images' tokens are made, too. */
  readonly mirror?: boolean;
  /** Which images; default all. */
  readonly range?: { readonly begin: number; readonly end: number };
  readonly signal?: AbortSignal;
  /** Called after each batch: `done` of `total` images, damaged ones counted. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
}

/** What came out. */
export interface Tokenized {
  /** Images in the file. */
  readonly images: number;
  /** Images of the range that are not in it. */
  readonly damaged: number;
  /** Images that this call read, others being there before. */
  readonly read: number;
  readonly grid: Grid;
}

/** A part is written after this many images or milliseconds, the most that is lost if the process is killed. */
const partImages = 1024, partTime = 60_000;

/**
 * Makes the tokens of a source's images and writes them to a file (docs/formats.md). They lie in parts beside it until all
 * are there, so that work that was stopped, by `signal` or otherwise, goes on where it was. Damaged images are reported and
 * left out.
 *
 * Throws `ArgumentError` where options do not fit the tokenizer or another request began the file, `DataError` where too many
 * images are damaged, `FileError` where nothing can be written.
 */
export async function tokenizeImages(
  source: ImageSource,
  tokenizer: Tokenizer,
  options: TokenizeOptions,
): Promise<Tokenized> {
  const { output, model, mirror = false, range = { begin: 0, end: source.length }, signal } = options;
  const { size, grid } = await squareSize(source, tokenizer, options.size);
  const total = range.end - range.begin;
  if (total < 1) {
    throw new ArgumentError(`Cannot make tokens of ${source.name}`, {
      expected: "a part of at least one image",
      got: `none of ${source.length}`,
      hint: "cut the work into fewer parts",
    });
  }
  checkTokenFile(output, total * grid * grid * (mirror ? 2 : 1));
  const facts: TokenSetFacts = { codebookSize: tokenizer.codebookSize, size, classes: source.classes, model };
  const request = { ...facts, source: source.name, length: source.length, mirror, range };
  const parts = await PartsFolder.open(output, {
    request: JSON.stringify(request),
    extension: "safetensors",
  });
  const before = parts.done;
  await using reader = new ImageReader(source, options);
  const part = new PartOfSet({ grid, mirror, labels: source.labels });
  let written = before, time = performance.now();
  const flush = async (done: number) => {
    if (done === written) return;
    const arrays = part.take();
    await parts.add(done - written, (path) => writeTokenPart(path, arrays, facts));
    written = done;
    time = performance.now();
  };
  let done = before;
  try {
    const place = { begin: range.begin + before, end: range.end, size };
    for await (const { squares, next } of squaresOf(reader, place)) {
      signal?.throwIfAborted();
      part.add(squares, await encoded(squares, { tokenizer, mirror, signal }));
      done = next - range.begin;
      options.onProgress?.({ done, total });
      if (done - written >= partImages || performance.now() - time > partTime) await flush(done);
    }
  } finally {
    await flush(done);
  }
  const { images } = await joinTokenParts(output, parts.parts.map(({ path }) => path), facts);
  await parts.remove();
  if (images === 0) {
    throw new DataError(`Cannot make tokens of ${source.name}`, {
      expected: "an image that is whole",
      got: `${total} damaged ones`,
    });
  }
  return { images, damaged: total - images, read: total - before, grid: [grid, grid] };
}

/** The tokens of some images, and of their mirror images. */
async function encoded(
  squares: readonly Square[],
  { tokenizer, mirror: wanted, signal }: { tokenizer: Tokenizer; mirror: boolean; signal?: AbortSignal },
): Promise<{ tokens: Tokens[]; mirrored: Tokens[] }> {
  const images = squares.map(({ image }) => image);
  const encode = async (some: typeof images) =>
    some.length > 0 ? await tokenizer.encode(some, { signal }) : [];
  return { tokens: await encode(images), mirrored: await encode(wanted ? images.map(mirror) : []) };
}

/** Gathers the arrays of a part. */
class PartOfSet {
  readonly #grid: number;
  readonly #mirror: boolean;
  readonly #labels: Uint32Array | undefined;
  #indices: number[] = [];
  #tokens: Tokens[] = [];
  #mirrored: Tokens[] = [];

  constructor({ grid, mirror, labels }: { grid: number; mirror: boolean; labels?: Uint32Array }) {
    this.#grid = grid;
    this.#mirror = mirror;
    this.#labels = labels;
  }

  add(squares: readonly Square[], { tokens, mirrored }: { tokens: Tokens[]; mirrored: Tokens[] }): void {
    this.#indices.push(...squares.map(({ index }) => index));
    this.#tokens.push(...tokens);
    this.#mirrored.push(...mirrored);
  }

  /** What was gathered, which is then forgotten. */
  take(): TokenArrays {
    const count = this.#indices.length, shape = [count, this.#grid, this.#grid], labels = this.#labels;
    const cells = this.#grid ** 2;
    const joined = (all: readonly Tokens[]) => {
      const data = new Uint32Array(count * cells);
      all.forEach((tokens, i) => data.set(tokens.data, i * cells));
      return { shape, data };
    };
    const indices = Uint32Array.from(this.#indices);
    const arrays = new Map<string, { shape: number[]; data: Uint32Array }>();
    arrays.set("tokens", joined(this.#tokens));
    if (this.#mirror) arrays.set("mirrored", joined(this.#mirrored));
    arrays.set("images", { shape: [count], data: indices });
    if (labels) {
      arrays.set("labels", { shape: [count], data: indices.map((index) => labels[index]!) });
    }
    this.#indices = [];
    this.#tokens = [];
    this.#mirrored = [];
    return arrays;
  }
}
