import { type Checkpoint, openCheckpoint } from "./open.ts";
import { reasonOf } from "../io/reason.ts";
import { type TransformerModel, transformerWeights } from "./transformer_weights.ts";
import type { ModelHints } from "./hints.ts";
import { configFile } from "./config_json.ts";
import { type ModelSource, openModel, resolveModel } from "./find.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { transformerPath } from "../networks/transformer/config.ts";

/** The transformer beside a tokenizer's `model.safetensors`, the names of its classes, and how it is best generated from. */
export const transformerFile = "transformer.safetensors",
  classesFile = "classes.json",
  samplingFile = "sampling.json";

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

/** Opens the files of a generative model. Throws `CheckpointError` as `openCheckpoint` does. */
export async function openGenerative(
  source: ModelSource,
  { tokenizer: other }: { tokenizer?: ModelSource } = {},
): Promise<GenerativeFiles> {
  await using files = new AsyncDisposableStack();
  const model = await resolveModel(source);
  const folder = await folderOf(model);
  const apart = folder && await exists(`${folder}/${transformerFile}`);
  const transformer = files.use(await openCheckpoint(apart ? `${folder}/${transformerFile}` : model));
  const tokenizer = other !== undefined
    ? files.use(await openModel(other))
    : apart
    ? files.use(await openCheckpoint(model))
    : transformer;
  const open = files.move();
  const textFile = async (name: string): Promise<TextFile | undefined> => {
    const file = folder && `${folder}/${name}`;
    if (file && await exists(file)) return { file, text: await readText(file) };
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
  { heads = stated.heads, grid = stated.grid }: ModelHints = {},
): TransformerModel {
  return transformerWeights(transformer, { heads, grid });
}

/** Whether a model's files hold a transformer. Throws `CheckpointError` as `openCheckpoint` does. */
export async function isGenerative(source: ModelSource): Promise<boolean> {
  await using files = await openGenerative(source);
  return files.transformer.tensors.has(`${transformerPath}.pre_emb.weight`);
}

/** Heads and grid in the configuration that converted weights carry. */
function statedHints({ metadata }: Checkpoint): ModelHints {
  try {
    const { transformer } = JSON.parse(metadata[configFile] ?? "{}");
    const whole = (value: unknown) => Number.isSafeInteger(value) ? value as number : undefined;
    const heads = whole(transformer?.heads), grid = whole(transformer?.grid);
    return { ...heads !== undefined && { heads }, ...grid !== undefined && { grid } };
  } catch {
    // Text that is not JSON states nothing; opening the tokenizer refuses it if it matters.
    return {};
  }
}

async function folderOf(source: ModelSource): Promise<string | undefined> {
  const path = source instanceof URL && source.protocol === "file:"
    ? decodeURIComponent(source.pathname)
    : source;
  if (typeof path !== "string") return undefined;
  const isFolder = await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  return isFolder ? path.replace(/[/\\]+$/, "") : undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new CheckpointError(`Cannot read ${path}`, { expected: "text", got: reasonOf(cause), cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
