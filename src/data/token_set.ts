import type { Grid } from "../tokenizer/grid.ts";

/** The tokens of a data set's images, by number. Disposing closes the files. */
export interface TokenSet extends AsyncDisposable {
  /** What errors call it. */
  readonly name: string;
  /** How many images there are. */
  readonly length: number;
  /** Rows and columns of an image's tokens. */
  readonly grid: Grid;
  /** Number of codes: every token is below it. */
  readonly codebookSize: number;
  /** Names of the classes, or their numbers; empty where images have no labels. */
  readonly classes: readonly string[];
  readonly labels?: Uint32Array;
  /** Whether there are tokens of the mirror images, too. */
  readonly hasMirrored: boolean;
  /** The tokens of an image or of its mirror image. Throws `DataError` for a token out of range. */
  read(image: number, options: { mirrored: boolean }): Promise<Uint32Array>;
}

/** The entry of a safetensors file's metadata that says what its tokens are. */
export const tokenSetKey = "token_set";

/** What that entry holds, as JSON. */
export interface TokenSetFacts {
  readonly codebookSize: number;
  /** Pixels of a side. */
  readonly size: number;
  /** Names of the classes; empty where images have no labels. */
  readonly classes: readonly string[];
  /** The model that made the tokens. */
  readonly model: string;
}
