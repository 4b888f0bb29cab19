import { type Checkpoint, openCheckpoint } from "../checkpoint/open.ts";
import { reasonOf } from "../checkpoint/byte_source.ts";
import { configFile } from "../checkpoint/config_json.ts";
import { type ModelSource, openModel, resolveModel } from "../tokenizer/load_model.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { parseClassNames } from "./classes.ts";
import { type TransformerOptions, transformerPath } from "./config.ts";
import { parseSampling } from "./sampling_json.ts";
import type { SamplingSettings } from "./settings.ts";

/** The transformer beside a tokenizer's `model.safetensors`, the names of its classes, and how it is best drawn from. */
export const transformerFile = "transformer.safetensors",
  classesFile = "classes.json",
  samplingFile = "sampling.json";

/** A text and what to call it in an error. */
interface TextFile {
  readonly file: string;
  readonly text: string;
}

/** The files of a generative model, open. */
export interface GenerativeFiles extends AsyncDisposable {
  readonly transformer: Checkpoint;
  /** The same checkpoint, where it holds both. */
  readonly tokenizer: Checkpoint;
  /** What the files say of the transformer beyond its shapes. */
  readonly said: TransformerOptions;
  /** The names of so many classes: those that the model has; without any, for 1,000 classes those of ImageNet. */
  classNames(classes: number): Promise<string[] | undefined>;
  /** How tokens are drawn where a request does not say it, if the model says so. */
  sampling(): Promise<SamplingSettings | undefined>;
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
    said: saidOf(transformer),
    async classNames(classes) {
      const said = await textFile(classesFile);
      if (said) return parseClassNames(said.text, { file: said.file, classes });
      return classes === 1000 ? await imagenetClasses() : undefined;
    },
    async sampling() {
      const said = await textFile(samplingFile);
      return said && parseSampling(said.text, { file: said.file });
    },
    textFile,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** Whether a model's files hold a transformer. Throws `CheckpointError` as `openCheckpoint` does. */
export async function isGenerative(source: ModelSource): Promise<boolean> {
  await using files = await openGenerative(source);
  return files.transformer.tensors.has(`${transformerPath}.pre_emb.weight`);
}

/** The labels of ILSVRC 2012 in their order, which the published models were trained on: synonyms between commas. */
export async function imagenetClasses(): Promise<string[]> {
  const { default: names } = await import("./imagenet_classes.json", { with: { type: "json" } });
  return names;
}

/** Heads and grid in the configuration that converted weights carry. */
function saidOf({ metadata }: Checkpoint): TransformerOptions {
  try {
    const { transformer } = JSON.parse(metadata[configFile] ?? "{}");
    const whole = (value: unknown) => Number.isSafeInteger(value) ? value as number : undefined;
    const heads = whole(transformer?.heads), grid = whole(transformer?.grid);
    return { ...heads !== undefined && { heads }, ...grid !== undefined && { grid } };
  } catch {
    // What is no JSON says nothing; where it matters, opening the tokenizer refuses it.
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
