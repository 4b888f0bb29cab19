import type { TransformerConfig } from "../networks/transformer/config.ts";
import { takeForm, type Tokens } from "../tokenizer/tokens.ts";
import { unfit } from "../tensor/describe.ts";
import { ArgumentError } from "../tensor/errors.ts";

/** An image of which a part is kept and the rest is drawn anew. */
export interface Given {
  /** The tokens of the image, as the model's tokenizer encodes one of the size that the model generates. */
  readonly tokens: Tokens;
  /** For each token, in row-major order: 1 or true where it is drawn anew, 0 or false where it stays. */
  readonly mask: ArrayLike<number | boolean>;
}

/** A `Given` that was checked. */
export interface Kept {
  /** The tokens, `[positions]`. */
  readonly tokens: Uint32Array;
  /** 1 where a token is drawn anew, `[positions]`. */
  readonly drawn: Uint8Array;
  /** Positions from which on everything stays. */
  readonly end: number;
}

/** Checks what a request gives. Throws `ArgumentError` for what does not fit the model. */
export function takeGiven(given: Given, config: TransformerConfig): Kept {
  const { grid } = config, positions = grid ** 2, { tokens, mask } = given;
  const form = takeForm(tokens, "generate images: given: tokens");
  const codebookSize = 2 ** (config.bits[0] + config.bits[1]);
  if (form.grid.join("×") !== `${grid}×${grid}` || form.codebookSize !== codebookSize) {
    const expected = `${grid}×${grid} tokens of ${codebookSize} codes, as the model generates`;
    const got = `${form.grid.join("×")} of ${form.codebookSize}`;
    throw new ArgumentError("Cannot generate images: given: tokens", { expected, got });
  }
  const bad = form.data.findIndex((token) => token >= codebookSize);
  if (bad >= 0) {
    throw unfit("Cannot generate images: given: tokens", `tokens below ${codebookSize}`, form.data[bad]);
  }
  if (!isMask(mask, positions)) {
    throw unfit("Cannot generate images: given: mask", `${positions} times 0 or 1, for each token one`, mask);
  }
  const drawn = Uint8Array.from(mask, Number);
  return { tokens: form.data, drawn, end: drawn.lastIndexOf(1) + 1 };
}

function isMask(value: unknown, positions: number): value is ArrayLike<number | boolean> {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (!isList || (value as ArrayLike<unknown>).length !== positions) return false;
  return Array.from(value as ArrayLike<unknown>).every((one) => [0, 1, false, true].includes(one as number));
}
