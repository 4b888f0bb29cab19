import { CheckpointError } from "../tensor/errors.ts";
import { type Checkpoint, openCheckpoint, openFiles } from "./open.ts";
import { openFile, readText } from "./open_file.ts";
import type { FetchOptions } from "../io/fetch_source.ts";
import { transformerKey, type TransformerModel, transformerWeights } from "./transformer_weights.ts";
import type { ModelHints } from "./hints.ts";
import { configFile } from "./config_json.ts";
import { findModel, type ModelSource } from "./find.ts";
import { transformerFile } from "./model_files.ts";
import { prefixesOf } from "./part.ts";

/** A text and what to call it in an error. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}

/** The files of a generative model, open. */
export interface GenerativeFiles extends AsyncDisposable {
  readonly transformer: Checkpoint;
  /** The same checkpoint if it holds both. */
  readonly tokenizer: Checkpoint;
  /** Hints in the metadata of the transformer. */
  readonly stated: ModelHints;
  /** The text file of this name: in the model's folder, or carried in the transformer's metadata. */
  textFile(name: string): Promise<TextFile | undefined>;
}

/** Opens the files of a generative model. Throws as `openCheckpoint` does. */
export async function openGenerative(
  source: ModelSource,
  { tokenizer: other, ...options }: { tokenizer?: ModelSource } & FetchOptions = {},
): Promise<GenerativeFiles> {
  await using files = new AsyncDisposableStack();
  const model = await findModel(source, options);
  const apart = model.kind === "folder" ? await model.open(transformerFile) : undefined;
  const transformer = files.use(await (apart ? openFile(apart) : openFiles(model)));
  const tokenizer = other !== undefined
    ? files.use(await openCheckpoint(other, options))
    : apart
    ? files.use(await openFiles(model))
    : transformer;
  const open = files.move();
  const textFile = async (name: string): Promise<TextFile | undefined> => {
    const file = model.kind === "folder" ? await model.open(name) : undefined;
    if (file) return { file: file.name, text: await readText(file) };
    const text = transformer.metadata[name];
    return text === undefined ? undefined : { file: `${name} in the metadata of the weights`, text };
  };
  return {
    transformer,
    tokenizer,
    stated: statedHints(transformer),
    textFile,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The transformer of a generative model's files. Hints override what its metadata states. */
export function transformerOf(
  { transformer, stated }: GenerativeFiles,
  { heads = stated.heads, grid = stated.grid, prefix }: ModelHints = {},
): TransformerModel {
  return transformerWeights(transformer, { heads, grid, prefix });
}

/** Whether a model's files hold a transformer. Throws as `openCheckpoint` does. */
export async function isGenerative(source: ModelSource, options?: FetchOptions): Promise<boolean> {
  await using files = await openGenerative(source, options);
  return hasTransformer(files);
}

/** Whether the files hold a transformer, and not a tokenizer alone. */
export function hasTransformer({ transformer }: GenerativeFiles): boolean {
  return prefixesOf(transformer, transformerKey.weight).length > 0;
}

/** Heads and grid in the configuration that converted weights carry. Throws `CheckpointError` for numbers that cannot be. */
function statedHints({ name: file, metadata }: Checkpoint): ModelHints {
  const { heads, grid } = statedTransformer(metadata[configFile] ?? "{}");
  for (const [name, value] of Object.entries({ heads, grid })) {
    if (value === undefined || Number.isSafeInteger(value) && value >= 1) continue;
    throw new CheckpointError(`Cannot read a transformer from ${file}: ${name} in its configuration`, {
      expected: "a whole number from 1 on",
      got: `${value}`,
    });
  }
  return { ...heads !== undefined && { heads }, ...grid !== undefined && { grid } };
}

/** The numbers in a configuration, if there are any. */
function statedTransformer(text: string): { heads?: number; grid?: number } {
  const number = (value: unknown) => typeof value === "number" ? value : undefined;
  try {
    const { transformer } = JSON.parse(text);
    return { heads: number(transformer?.heads), grid: number(transformer?.grid) };
  } catch {
    // Text that is not JSON states nothing; opening the tokenizer refuses it if it matters.
    return {};
  }
}
