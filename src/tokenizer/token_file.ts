import { type NpyArray, readNpz, writeNpz } from "../io/npz.ts";
import { ArgumentError, CheckpointError } from "../tensor/errors.ts";
import type { Tokens } from "./tokens.ts";

/** What the JSON form of tokens holds: as many lists of tokens as there are images, rows one after the other. */
interface TokensJson {
  bits: number;
  grid: readonly [number, number];
  size?: { readonly width: number; readonly height: number };
  tokens: readonly (readonly number[])[];
}

/**
 * The tokens of images of one size as an `.npz` file: `tokens` uint32 `[n,h,w]`, `bits`, and `size` (width, height)
 * where the images were padded. Throws `ArgumentError` where there is no image or the sizes differ.
 */
export function tokensToNpz(all: readonly Tokens[]): Uint8Array {
  const { grid, bits, size } = common(all);
  const tokens = new Uint32Array(all.length * grid[0] * grid[1]);
  all.forEach(({ data }, i) => tokens.set(data, i * data.length));
  return writeNpz({
    tokens: { shape: [all.length, ...grid], data: tokens },
    bits: { shape: [], data: Uint32Array.of(bits) },
    ...(size ? { size: { shape: [2], data: Uint32Array.of(size.width, size.height) } } : {}),
  });
}

/** The same as JSON text: `{ bits, grid, size?, tokens }`. Throws as `tokensToNpz` does. */
export function tokensToJson(all: readonly Tokens[]): string {
  const { grid, bits, size } = common(all);
  const json: TokensJson = {
    bits,
    grid,
    ...(size ? { size } : {}),
    tokens: all.map(({ data }) => [...data]),
  };
  return JSON.stringify(json);
}

/**
 * Reads tokens from the bytes of a file that either of the two wrote; `file` names it in errors.
 * Throws `CheckpointError` where it is neither or does not hold what it should. Whether the tokens fit a model is for
 * `decode` to say.
 */
export function readTokens(bytes: Uint8Array, { file }: { file: string }): Tokens[] {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const { tokens, bits, grid, size } = isZip ? fromNpz(bytes, file) : fromJson(bytes, file);
  return tokens.map((data): Tokens => ({
    grid,
    bits,
    data: Uint32Array.from(data, (token) => {
      if (Number.isInteger(token) && token >= 0 && token < 2 ** 32) return token;
      throw unreadable(file, "whole numbers from 0 as tokens", String(token));
    }),
    ...(size ? { size } : {}),
  }));
}

function common(all: readonly Tokens[]): Tokens {
  const [first] = all;
  if (!first) {
    throw new ArgumentError("Cannot write tokens", {
      expected: "those of at least one image",
      got: "none",
    });
  }
  const describe = ({ grid, bits, size }: Tokens) =>
    `${grid.join("×")} of ${bits} bits${size ? ` for ${size.width}×${size.height} pixels` : ""}`;
  const other = all.find((tokens) => describe(tokens) !== describe(first));
  if (!other) return first;
  throw new ArgumentError("Cannot write tokens of different grids to one file", {
    expected: describe(first),
    got: describe(other),
    hint: "bring the images to one size first",
  });
}

function fromNpz(bytes: Uint8Array, file: string): Omit<TokensJson, "tokens"> & { tokens: number[][] } {
  const arrays = readNpz(bytes, { file });
  const array = (name: string): NpyArray => {
    const found = arrays.get(name);
    if (found) return found;
    throw unreadable(file, `an array ${name}`, [...arrays.keys()].join(", ") || "no arrays");
  };
  const { shape, data } = array("tokens");
  if (shape.length !== 3) throw unreadable(file, "tokens of shape [n,h,w]", `[${shape.join(",")}]`);
  const [n, rows, columns] = shape as readonly [number, number, number];
  const values = Array.from(data, Number), cells = rows * columns;
  const size = arrays.has("size") ? Array.from(array("size").data, Number) : undefined;
  return {
    tokens: Array.from({ length: n }, (_, i) => values.slice(i * cells, (i + 1) * cells)),
    bits: Number(array("bits").data[0]),
    grid: [rows, columns],
    ...(size ? { size: { width: size[0]!, height: size[1]! } } : {}),
  };
}

function fromJson(bytes: Uint8Array, file: string): TokensJson {
  let json: Partial<TokensJson> | null;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    const got = bytes.length === 0 ? "an empty file" : "something else";
    throw unreadable(file, "tokens as .npz or JSON, as `voken encode` writes them", got, cause);
  }
  const { tokens, bits, grid, size } = json ?? {};
  const isList = Array.isArray(tokens) && tokens.every((list) => Array.isArray(list));
  if (!isList || typeof bits !== "number" || !Array.isArray(grid) || (size && typeof size !== "object")) {
    throw unreadable(file, "JSON with bits, grid and tokens", "other JSON");
  }
  return { tokens, bits, grid, ...(size ? { size } : {}) };
}

function unreadable(file: string, expected: string, got: string, cause?: unknown): CheckpointError {
  return new CheckpointError(`Cannot read tokens from ${file}`, { expected, got, cause });
}
