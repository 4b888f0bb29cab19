import type { Grid } from "../tokenizer/grid.ts";
import type { TokenFacts } from "../tokenizer/token_facts.ts";

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

/** What the metadata of a set's safetensors file say. */
export interface TokenSetFacts extends TokenFacts {
  /** Pixels of a side. */
  readonly size: number;
  /** The model that made the tokens. */
  readonly model: string;
}
