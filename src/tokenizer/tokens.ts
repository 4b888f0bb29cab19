import { unfit } from "../tensor/describe.ts";
import { elementsOf, isNumbers } from "../tensor/elements.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { savedCodebookSize } from "./codebook.ts";
import { formatGrid, type Grid, gridSize, imageGrid, isGrid } from "./grid.ts";

/** An image or a video as tokens: the indices of its codes, in row-major order of the grid. */
export interface Tokens {
  /** Rows and columns; for a video frames, rows and columns. */
  readonly grid: Grid;
  /** Number of codes that the model distinguishes: each token is below it. */
  readonly codebookSize: number;
  /** One token for each cell of the grid. */
  readonly data: Uint32Array;
  /**
   * Pixels of the image, if it was padded to a whole number of tokens, and frames of a film that was. Decoding crops to this
   * size.
   */
  readonly size?: { readonly width: number; readonly height: number; readonly frames?: number };
}

/**
 * Tokens, of whatever model, with their numbers in a `Uint32Array`. Throws `ArgumentError` that names the first thing that
 * is not right; `action` completes "Cannot …".
 */
export function takeForm(tokens: Tokens, action: string): Tokens {
  const refuse = (expected: string, value: unknown, hint?: string): never => {
    throw unfit(`Cannot ${action}`, expected, value, hint);
  };
  if (typeof tokens !== "object" || tokens === null || Array.isArray(tokens)) {
    refuse("tokens { grid, codebookSize, data } as encode gives them", tokens);
  }
  const { grid, codebookSize, data, size } = tokens, given: unknown = data;
  if (!isGrid(grid)) refuse("a grid of rows and columns", grid);
  if (savedCodebookSize({ codebookSize }) === undefined) {
    const hint = "bits" in tokens ? "the field bits is now codebookSize, which is 2 ** bits" : undefined;
    refuse("a codebookSize from 2 to 2^32", codebookSize, hint);
  }
  const cells = gridSize(grid);
  if (!isNumbers(given)) refuse(`a Uint32Array of ${formatGrid(grid)} = ${cells} tokens`, given);
  if (data.length !== cells) refuse(`${formatGrid(grid)} = ${cells} tokens`, data.length);
  const sides = size === undefined ? [] : [size?.width, size?.height, size?.frames ?? 1];
  if (!sides.every((side) => Number.isSafeInteger(side) && side! > 0)) refuse("a size of whole pixels", size);
  const taken = elementsOf("u32", given, { subject: `Cannot ${action}: data` });
  return taken === given ? tokens : { ...tokens, data: taken };
}

/** What tokens must fit: a tokenizer with this codebook size and `factor` pixels a token along each side. */
interface Fit {
  readonly codebookSize: number;
  readonly factor: number;
}

/**
 * Tokens as an image tokenizer decodes them. Throws `ArgumentError` that names the first thing that does not fit.
 */
export function takeTokens(given: Tokens, { codebookSize, factor }: Fit): Tokens {
  const tokens = takeForm(given, "decode the tokens");
  const [rows, columns] = imageGrid(tokens.grid, "decode the tokens");
  checkFit(tokens, { codebookSize, factor, rows, columns });
  checkGrid(rows, columns);
  return tokens;
}

/** The tokens of a film, or of a window of one, as a video tokenizer decodes them. Throws as `takeTokens` does. */
export function takeFilm(given: Tokens, { codebookSize, factor }: Fit): Tokens {
  const tokens = takeForm(given, "decode the film"), { grid } = tokens;
  if (grid.length !== 3) throw unfit("Cannot decode the film", "a grid of frames, rows and columns", grid);
  const [frames, rows, columns] = grid;
  checkFit(tokens, { codebookSize, factor, rows, columns });
  checkGrid(frames * rows, columns);
  return tokens;
}

function checkFit(
  { codebookSize: given, data, size }: Tokens,
  { codebookSize, factor, rows, columns }: Fit & { rows: number; columns: number },
): void {
  if (given !== codebookSize) {
    throw new ArgumentError("Cannot decode the tokens", {
      expected: `a codebookSize of ${codebookSize}`,
      got: `${given}`,
      hint: "use the model that made the tokens",
    });
  }
  checkRange(data, codebookSize);
  const fits = (pixels: number, cells: number) => Math.ceil(pixels / factor) === cells;
  if (!size || fits(size.width, columns) && fits(size.height, rows)) return;
  throw new ArgumentError("Cannot decode the tokens", {
    expected: `a size that ${columns}×${rows} tokens cover (at most ${columns * factor}×${rows * factor})`,
    got: `${size.width}×${size.height}`,
  });
}

/** Throws `ArgumentError` if a token is not below `codebookSize`. */
export function checkRange(tokens: Uint32Array, codebookSize: number): void {
  const bad = tokens.findIndex((token) => token >= codebookSize);
  if (bad < 0) return;
  throw new ArgumentError("Cannot decode the tokens", {
    expected: `tokens below ${codebookSize}`,
    got: `${tokens[bad]} at ${bad}`,
    hint: "use the model that made the tokens",
  });
}

/** Throws `ArgumentError` for a single token: the decoder normalises by the variance over positions. */
export function checkGrid(rows: number, columns: number): void {
  if (rows * columns > 1) return;
  throw new ArgumentError("Cannot decode the tokens", {
    expected: "at least two tokens",
    got: "one, by whose variance over positions the decoder cannot normalise",
    hint: "use a larger image",
  });
}
