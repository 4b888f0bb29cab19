import { openSource } from "../io/open_source.ts";
import { readNpz } from "../io/npz.ts";
import { openSafetensors } from "../io/safetensors/file.ts";
import { DataError } from "../tensor/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { savedCodebookSize } from "../tokenizer/codebook.ts";
import { isGrid } from "../tokenizer/grid.ts";
import { parseFacts, tokenSetKey } from "../tokenizer/token_facts.ts";
import { filesLike } from "./files_like.ts";
import { checkedLabels, classNumbers } from "./labels.ts";
import { joinTokenSets } from "./join_token_sets.ts";
import type { TokenSet } from "./token_set.ts";

/** An array of a file: its shape, and its rows by number. */
interface Rows {
  readonly shape: Shape;
  read(first: number, count: number): Promise<Uint32Array>;
}

/** What a file holds. */
interface Contents extends AsyncDisposable {
  readonly arrays: ReadonlyMap<string, Rows>;
  readonly codebookSize: number | undefined;
  readonly classes: readonly string[];
}

/**
 * Opens the tokens that `voken tokenize` wrote: an `.npz`, a `.safetensors`, or a pattern of them, such as
 * `tokens-*.safetensors`, whose files count in the order of their names. Tokens of a safetensors file are read when they are
 * needed, those of an `.npz` at once.
 *
 * Throws `DataError` where there is no such file, or it holds something else, or several do not fit together;
 * `CheckpointError` where one is damaged.
 */
export async function openTokenSet(path: string): Promise<TokenSet> {
  const paths = await filesLike(path);
  if (paths.length === 0) {
    throw new DataError(`Cannot open ${path}`, { expected: "files of tokens", got: "no such file" });
  }
  if (paths.length === 1) return await openFile(paths[0]!);
  const sets: TokenSet[] = [];
  try {
    for (const file of paths) sets.push(await openFile(file));
    return joinTokenSets(path, sets);
  } catch (error) {
    for (const set of sets) await set[Symbol.asyncDispose]();
    throw error;
  }
}

async function openFile(path: string): Promise<TokenSet> {
  const contents = /\.npz$/i.test(path) ? await npzContents(path) : await safetensorsContents(path);
  try {
    return await tokenSetOf(path, contents);
  } catch (error) {
    await contents[Symbol.asyncDispose]();
    throw error;
  }
}

async function tokenSetOf(
  name: string,
  { arrays, codebookSize, classes, ...file }: Contents,
): Promise<TokenSet> {
  const tokens = arrays.get("tokens"), mirrored = arrays.get("mirrored"), given = arrays.get("labels");
  const [length, ...grid] = tokens?.shape ?? [];
  if (!tokens || !isGrid(grid) || codebookSize === undefined) {
    throw new DataError(`Cannot take tokens from ${name}`, {
      expected: "uint32 `tokens` [n,h,w] and their codebookSize, as `voken tokenize` writes them",
      got: [...arrays].map(([key, { shape }]) => `${key} ${formatShape(shape)}`).join(", ") || "no arrays",
    });
  }
  if (mirrored && formatShape(mirrored.shape) !== formatShape(tokens.shape)) {
    throw new DataError(`Cannot take tokens from ${name}`, {
      expected: `mirrored tokens ${formatShape(tokens.shape)}`,
      got: formatShape(mirrored.shape),
    });
  }
  const labels = given && checkedLabels(await given.read(0, given.shape[0] ?? 0), {
    length: length!,
    classes: classes.length || undefined,
    name,
  });
  return {
    name,
    length: length!,
    grid,
    codebookSize,
    classes: labels && classes.length > 0 ? classes : classNumbers(labels),
    labels,
    hasMirrored: mirrored !== undefined,
    async read(image, options) {
      const from = options.mirrored ? mirrored : tokens;
      if (!from) {
        throw new DataError(`Cannot take mirrored images from ${name}`, {
          expected: "their tokens",
          got: "none",
          hint: "make them with voken tokenize --mirror",
        });
      }
      const values = await from.read(image, 1);
      const wrong = values.find((token) => token >= codebookSize);
      if (wrong === undefined) return values;
      throw new DataError(`Cannot take tokens from ${name}`, {
        expected: `tokens below ${codebookSize}`,
        got: `${wrong} in image ${image}`,
      });
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

async function npzContents(path: string): Promise<Contents> {
  await using file = await openSource(path);
  const found = readNpz(await file.read(0, file.size), { file: path });
  const arrays = new Map([...found].map(([name, { shape, data }]): [string, Rows] => {
    const row = shape.slice(1).reduce((product, side) => product * side, 1);
    return [name, {
      shape,
      read: (first, count) =>
        Promise.resolve(Uint32Array.from(data.subarray(first * row, (first + count) * row), Number)),
    }];
  }));
  const number = (key: string) => found.has(key) ? Number(found.get(key)!.data[0]) : undefined;
  return {
    arrays,
    codebookSize: savedCodebookSize({ codebookSize: number("codebookSize"), bits: number("bits") }),
    classes: [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function safetensorsContents(path: string): Promise<Contents> {
  const source = await openSource(path);
  try {
    const { tensors, metadata } = await openSafetensors(source);
    const facts = parseFacts(metadata);
    if (!facts) {
      throw new DataError(`Cannot take tokens from ${path}`, {
        expected: `codebookSize and classes as JSON in the metadata, under ${tokenSetKey}`,
        got: metadata[tokenSetKey] === undefined
          ? "none"
          : JSON.stringify(metadata[tokenSetKey].slice(0, 60)),
      });
    }
    const ours = [...tensors].filter(([, { dtype, shape }]) => dtype === "u32" && shape.length > 0);
    const arrays = new Map(ours.map(([name, { shape, offset, bytes }]): [string, Rows] => {
      const row = shape[0] ? bytes / shape[0] : 0;
      return [name, {
        shape,
        read: async (first, count) =>
          new Uint32Array((await source.read(offset + first * row, count * row)).buffer),
      }];
    }));
    const { codebookSize, classes } = facts;
    return { arrays, codebookSize, classes, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}
