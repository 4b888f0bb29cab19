import type { NpyArray } from "../io/npy.ts";
import { readNpz, writeNpz } from "../io/npz.ts";
import { unfit } from "../tensor/describe.ts";
import { ArgumentError, CheckpointError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { savedCodebookSize } from "./codebook.ts";
import { formatGrid, type Grid, gridSize, isGrid } from "./grid.ts";
import { takeForm, type Tokens } from "./tokens.ts";
import { sidesOf, sizeOfSides, type TokensSize } from "./tokens_size.ts";

/** The JSON form of the tokens of images of one size: one list for each image, in row-major order. */
interface TokensJson {
  codebookSize: number;
  grid: Grid;
  size?: TokensSize;
  tokens: readonly (readonly number[])[];
}

/**
 * The tokens of images of one size as an `.npz` file: `tokens` uint32 `[n,h,w]`, `codebookSize`, and `size` (width, height; of
 * films that were padded in time also frames) if the images were padded. Throws `ArgumentError` if there is no image or the sizes differ.
 */
export function tokensToNpz(tokens: readonly Tokens[]): Uint8Array {
  const { all, form: { grid, codebookSize, size } } = takeAlike(tokens);
  const data = new Uint32Array(all.length * gridSize(grid));
  all.forEach((one, i) => data.set(one.data, i * one.data.length));
  return writeNpz({
    tokens: { shape: [all.length, ...grid], data },
    codebookSize: { shape: [], data: BigInt64Array.of(BigInt(codebookSize)) },
    ...(size ? { size: { shape: [sidesOf(size).length], data: Uint32Array.from(sidesOf(size)) } } : {}),
  });
}

/** The same as JSON text: `{ codebookSize, grid, size?, tokens }`. Throws as `tokensToNpz` does. */
export function tokensToJson(tokens: readonly Tokens[]): string {
  const { all, form: { grid, codebookSize, size } } = takeAlike(tokens);
  const json: TokensJson = {
    codebookSize,
    grid,
    ...(size ? { size } : {}),
    tokens: all.map(({ data }) => [...data]),
  };
  return JSON.stringify(json);
}

/** The tokens in the bytes of a file that `tokensToNpz` or `tokensToJson` wrote. Throws `CheckpointError`, naming `file`. */
export function parseTokens(bytes: Uint8Array, { file }: { file: string }): Tokens[] {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const { tokens, codebookSize, grid, size } = isZip ? fromNpz(bytes, file) : fromJson(bytes, file);
  return tokens.map((data): Tokens => ({
    grid,
    codebookSize,
    data: Uint32Array.from(data, (token) => {
      if (Number.isInteger(token) && token >= 0 && token < 2 ** 32) return token;
      throw unreadable(file, "whole numbers from 0 as tokens", String(token));
    }),
    ...(size ? { size } : {}),
  }));
}

/** The tokens of a file, and what they have in common. Throws `ArgumentError` where there are none, or others. */
export function takeAlike(given: readonly Tokens[]): { all: Tokens[]; form: Omit<Tokens, "data"> } {
  if (!Array.isArray(given) || given.length === 0) {
    throw unfit("Cannot write tokens", "a list of the tokens of at least one image", given);
  }
  const all = Array.from(given, (tokens) => takeForm(tokens, "write tokens")), form = all[0]!;
  const other = all.find((tokens) => formatForm(tokens) !== formatForm(form));
  if (!other) return { all, form };
  throw new ArgumentError("Cannot write tokens of different grids to one file", {
    expected: formatForm(form),
    got: formatForm(other),
    hint: "bring the images to one size first",
  });
}

function formatForm({ grid, codebookSize, size }: Tokens): string {
  return `${formatGrid(grid)} of ${codebookSize} codes${
    size ? ` for ${sidesOf(size).join("×")} pixels` : ""
  }`;
}

function fromNpz(bytes: Uint8Array, file: string): TokensJson {
  const arrays = readNpz(bytes, { file });
  const array = (name: string): NpyArray => {
    const found = arrays.get(name);
    if (found) return found;
    throw unreadable(file, `an array ${name}`, [...arrays.keys()].join(", ") || "no arrays");
  };
  const { shape, data } = array("tokens");
  const [n = 0, ...grid] = shape;
  if (!isGrid(grid)) throw unreadable(file, "tokens of shape [n,h,w]", formatShape(shape));
  const number = (name: string) => arrays.has(name) ? Number(array(name).data[0]) : undefined;
  const codebookSize = savedCodebookSize({ codebookSize: number("codebookSize"), bits: number("bits") });
  if (codebookSize === undefined) {
    const got = `${number("codebookSize") ?? [...arrays.keys()].join(", ")}`;
    throw unreadable(file, "an array codebookSize with a number from 2 to 2^32", got);
  }
  const values = Array.from(data, Number), cells = gridSize(grid);
  const size = arrays.has("size") ? Array.from(array("size").data, Number) : undefined;
  return {
    tokens: Array.from({ length: n }, (_, i) => values.slice(i * cells, (i + 1) * cells)),
    codebookSize,
    grid,
    ...(size ? { size: sizeOfSides(size) } : {}),
  };
}

function fromJson(bytes: Uint8Array, file: string): TokensJson {
  let json: Partial<TokensJson> & { bits?: unknown } | null;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const got = bytes.length === 0 ? "an empty file" : "something else";
    throw unreadable(file, "tokens as .npz or JSON, as `voken encode` writes them", got, cause);
  }
  const { tokens, grid, size } = json ?? {};
  const codebookSize = savedCodebookSize(json ?? {});
  const isList = Array.isArray(tokens) && tokens.every((list) => Array.isArray(list));
  if (!isList || codebookSize === undefined || !Array.isArray(grid) || (size && typeof size !== "object")) {
    throw unreadable(file, "JSON with codebookSize, grid and tokens", "other JSON");
  }
  return { tokens, codebookSize, grid, ...(size ? { size } : {}) };
}

/** The error for a file that holds something else than tokens. */
export function unreadable(file: string, expected: string, got: string, cause?: unknown): CheckpointError {
  return new CheckpointError(`Cannot read tokens from ${file}`, { expected, got, cause });
}
