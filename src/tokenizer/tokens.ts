import { describe, unfit } from "../tensor/describe.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { formatGrid, type Grid, imageGrid } from "./grid.ts";

/** An image or a video as tokens: the indices of its codes, in row-major order of the grid. */
export interface Tokens {
  /** Rows and columns; for a video frames, rows and columns. */
  readonly grid: Grid;
  /** Number of codes that the model distinguishes: each token is below it. */
  readonly codebookSize: number;
  /** One token for each cell of the grid. */
  readonly data: Uint32Array;
  /** Pixels of the image, if it was padded to a whole number of tokens. Decoding crops to this size. */
  readonly size?: { readonly width: number; readonly height: number };
}

/**
 * Checks that an image tokenizer with this codebook size and `factor` pixels a token along each side can decode `tokens`.
 * Throws `ArgumentError` that names the first thing that does not fit.
 */
export function checkTokens(
  tokens: Tokens,
  { codebookSize, factor }: { codebookSize: number; factor: number },
): void {
  const refuse = (expected: string, got: string, hint?: string): never => {
    throw new ArgumentError("Cannot decode the tokens", { expected, got, hint });
  };
  if (typeof tokens !== "object" || tokens === null) {
    throw unfit(
      "Cannot decode the tokens",
      "tokens { grid, codebookSize, data } as encode gives them",
      tokens,
    );
  }
  const [rows, columns] = imageGrid(tokens.grid, "decode the tokens");
  if (tokens.codebookSize === undefined && "bits" in tokens) {
    refuse("a codebookSize", "bits", "the field bits is now codebookSize, which is 2 ** bits");
  }
  if (tokens.codebookSize !== codebookSize) {
    refuse(
      `a codebookSize of ${codebookSize}`,
      describe(tokens.codebookSize),
      "use the model that made the tokens",
    );
  }
  if (!(tokens.data instanceof Uint32Array) || tokens.data.length !== rows * columns) {
    const expected = `a Uint32Array of ${formatGrid(tokens.grid)} = ${rows * columns} tokens`;
    refuse(expected, tokens.data instanceof Uint32Array ? `${tokens.data.length}` : describe(tokens.data));
  }
  checkRange(tokens.data, codebookSize);
  if (tokens.size) {
    const { width, height } = tokens.size;
    const fits = [[width, columns], [height, rows]].every(([pixels, cells]) =>
      Number.isSafeInteger(pixels!) && pixels! > 0 && Math.ceil(pixels! / factor) === cells
    );
    if (!fits) {
      const most = `${columns * factor}×${rows * factor}`;
      refuse(
        `a size that ${columns}×${rows} tokens cover (at most ${most})`,
        `${describe(width)}×${describe(height)}`,
      );
    }
  }
  checkGrid(rows, columns);
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
