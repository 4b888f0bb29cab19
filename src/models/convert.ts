import {
  type Cancellable,
  type OnProgress,
  type WeightFormat,
  weightFormatNames,
} from "../backend/backend.ts";
import {
  callback,
  cancellable,
  checkKind,
  checkOptions,
  filePath,
  flag,
  type Kinds,
  oneOf,
  record,
  text,
} from "../tensor/options.ts";
import { dtypeBytes } from "../tensor/dtype.ts";
import { FileError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type AtomicOptions, writeAll, writeAtomic } from "../io/atomic.ts";
import { files, look } from "../io/host.ts";
import { reasonOf } from "../io/reason.ts";
import { configFile, formatConfigJson } from "./config_json.ts";
import type { ModelSource } from "./find.ts";
import { inflateTokenizer } from "./inflate.ts";
import { weightsFile } from "./model_files.ts";
import { openCheckpoint } from "./open.ts";
import { writeSafetensors } from "../io/safetensors/write.ts";
import { storedTensors } from "./stored_tensors.ts";
import { type TokenizerWeights, tokenizerWeights } from "./tokenizer_weights.ts";

/** How a checkpoint is converted. */
export interface ConvertOptions extends Cancellable, AtomicOptions {
  /** How the weights are stored; default `f32`. In q8 kernels and matrices are integers with scales, all others f32. */
  dtype?: Exclude<WeightFormat, "q4">;
  /** Takes the raw weights of a training checkpoint instead of their moving average (EMA). */
  raw?: boolean;
  /** What the names of the weights begin with, where the checkpoint holds several tokenizers. */
  prefix?: string;
  /** Makes a video tokenizer of an image tokenizer, of which a training can start: see `inflateTokenizer`. */
  inflate?: boolean;
  /** Called with the bytes that are written of all, after each tensor, and before that with those that are downloaded. */
  onProgress?: OnProgress;
}

const kinds: Kinds<ConvertOptions> = {
  dtype: oneOf(weightFormatNames.filter((name) => name !== "q4")),
  raw: flag,
  prefix: text,
  inflate: flag,
  onProgress: callback,
  fileSystem: record,
  ...cancellable,
};

/** What a conversion wrote. */
export interface Conversion extends Pick<TokenizerWeights, "config" | "kind"> {
  /** Number of weights, each a tensor of the model. */
  readonly tensors: number;
  /** Bytes of the weights. */
  readonly bytes: number;
}

/**
 * Converts a checkpoint into `folder` (made if need be): `config.json`, and `model.safetensors` with the weights that
 * inference needs, named `encoder.…` and `decoder.…`. Both are complete before the weights take their place, which
 * turns the old model into the new one: weights carry their configuration, `config.json` repeats it for readers.
 *
 * Throws `CheckpointError` as `openCheckpoint` and `tokenizerWeights` do, and naming the tensor where a value is too
 * large for f16; `FileError` if the folder cannot be written. The files that were there before are then kept.
 */
export async function convertCheckpoint(
  source: ModelSource,
  folder: string,
  options: ConvertOptions = {},
): Promise<Conversion> {
  checkOptions(options, kinds, "convert the checkpoint");
  checkKind(folder, filePath, "Cannot convert the checkpoint: folder");
  const { dtype = "f32", raw, prefix, inflate = false, signal, onProgress, fileSystem } = options;
  await using checkpoint = await openCheckpoint(source, { signal, onProgress });
  const found = tokenizerWeights(checkpoint, { raw, prefix, video: !inflate }), { kind } = found;
  const { config, source: weights } = inflate ? inflateTokenizer(found) : found;
  const text = formatConfigJson({ tokenizer: config, weights: kind });
  const tensors = [...weights.shapes].flatMap(([name, shape]) => {
    const read = () => weights.read(name);
    // Biases and norms are few, and what rounding does to them shows in whole channels.
    return storedTensors({ name, shape, read }, dtype === "q8" && shape.length < 2 ? "f32" : dtype);
  });
  const made = await makeFolder(folder);
  const path = (file: string) => `${folder.replace(/[/\\]+$/, "")}/${file}`;
  try {
    await writeAtomic(path(configFile), async (file) => {
      await writeAll(file, new TextEncoder().encode(text));
      // `format` is what readers of other libraries ask for.
      const metadata = { format: "pt", [configFile]: text };
      await writeSafetensors(path(weightsFile), { metadata, tensors, signal, onProgress, fileSystem });
    }, { fileSystem });
  } catch (error) {
    if (made) await files().rmdir(folder).catch(() => {});
    throw error;
  }
  const bytes = tensors.reduce((sum, { dtype, shape }) => sum + sizeOf(shape) * dtypeBytes[dtype], 0);
  return { config, kind, tensors: weights.shapes.size, bytes };
}

/** Makes the folder and its parents. Resolves to whether it did not exist. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    const exists = await look(folder);
    await files().mkdir(folder, { recursive: true });
    return !exists;
  } catch (cause) {
    throw new FileError(`Cannot make the folder ${folder}`, { got: reasonOf(cause), cause });
  }
}
