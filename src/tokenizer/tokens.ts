import { ArgumentError } from "../tensor/errors.ts";

/** An image as tokens: a grid of whole numbers of `bits` bits, row by row from the top. */
export interface Tokens {
  /** Rows and columns. */
  readonly grid: readonly [rows: number, columns: number];
  /** Bits of a token: each is below `2 ** bits`. */
  readonly bits: number;
  /** `rows · columns` tokens. */
  readonly data: Uint32Array;
  /** Pixels of the image, where it was padded to whole tokens; decoding crops to this. */
  readonly size?: { readonly width: number; readonly height: number };
}

/**
 * Checks that a model of `bits` bits and `factor` pixels a token along each side can decode `tokens`.
 * Throws `ArgumentError` saying what does not fit.
 */
export function checkTokens(tokens: Tokens, { bits, factor }: { bits: number; factor: number }): void {
  const { grid = [] } = tokens as { grid?: readonly number[] };
  const [rows = 0, columns = 0] = grid;
  const refuse = (expected: string, got: string, hint?: string): never => {
    throw new ArgumentError("Cannot decode the tokens", { expected, got, hint });
  };
  if (grid.length !== 2 || !grid.every((side) => Number.isSafeInteger(side) && side > 0)) {
    refuse("a grid of rows and columns", `[${grid.join(",")}]`);
  }
  if (tokens.bits !== bits) {
    refuse(`tokens of ${bits} bits`, `${tokens.bits} bits`, "use the model that made the tokens");
  }
  if (!(tokens.data instanceof Uint32Array) || tokens.data.length !== rows * columns) {
    refuse(`a Uint32Array of ${rows}×${columns} = ${rows * columns} tokens`, `${tokens.data?.length}`);
  }
  checkRange(tokens.data, bits);
  if (tokens.size) {
    const { width, height } = tokens.size;
    const fits = [[width, columns], [height, rows]].every(([pixels, cells]) =>
      Number.isSafeInteger(pixels!) && pixels! > 0 && Math.ceil(pixels! / factor) === cells
    );
    if (!fits) {
      const most = `${columns * factor}×${rows * factor}`;
      refuse(`a size that ${columns}×${rows} tokens cover (at most ${most})`, `${width}×${height}`);
    }
  }
  checkGrid(rows, columns);
}

/** Throws `ArgumentError` where a token does not have `bits` bits. */
export function checkRange(tokens: Uint32Array, bits: number): void {
  const limit = 2 ** bits;
  const bad = tokens.findIndex((token) => token >= limit);
  if (bad < 0) return;
  throw new ArgumentError("Cannot decode the tokens", {
    expected: `tokens below 2^${bits} = ${limit}`,
    got: `${tokens[bad]} at ${bad}`,
    hint: "use the model that made the tokens",
  });
}

/** Throws `ArgumentError` for a single token: the decoder normalises by the variance over positions. */
export function checkGrid(rows: number, columns: number): void {
  if (rows * columns > 1) return;
  throw new ArgumentError("Cannot decode the tokens", {
    expected: "at least two tokens",
    got: "one",
    hint: "use a larger image",
  });
}
