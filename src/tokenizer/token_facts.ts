import { savedCodebookSize } from "./codebook.ts";
import type { Tokens } from "./tokens.ts";
import { sizeOfSides } from "./tokens_size.ts";

/** The entry of a safetensors file's metadata that says what its tokens are. */
export const tokenSetKey = "token_set";

/** What that entry holds, as JSON. */
export interface TokenFacts {
  readonly codebookSize: number;
  /** Pixels of a side, or width and height, of films perhaps also frames; missing where the images were not padded. */
  readonly size?: number | readonly number[];
  /** Names of the classes; empty where images have no labels. */
  readonly classes: readonly string[];
}

/** The facts in a file's metadata; `undefined` where there are none. */
export function parseFacts(
  metadata: Readonly<Record<string, string>>,
): Pick<TokenFacts, "codebookSize" | "classes"> & Pick<Tokens, "size"> | undefined {
  try {
    const facts = JSON.parse(metadata[tokenSetKey] ?? "null") as TokenFacts;
    const codebookSize = savedCodebookSize(facts), { classes, size } = facts;
    if (codebookSize === undefined || !classes.every((name) => typeof name === "string")) return undefined;
    if (size === undefined) return { codebookSize, classes };
    return { codebookSize, classes, size: sizeOfSides(typeof size === "number" ? [size, size] : size) };
  } catch {
    return undefined;
  }
}
