import type { Cancellable, OnProgress } from "../backend/backend.ts";
import { FileError } from "../tensor/errors.ts";
import { type AtomicOptions, writeAll, writeAtomic } from "../io/atomic.ts";
import { reasonOf } from "../io/reason.ts";
import { configFile, formatConfigJson } from "./config_json.ts";
import { toF16 } from "../io/convert_dtype.ts";
import { openCheckpoint, weightsFile } from "./open.ts";
import { type TensorToWrite, writeSafetensors } from "../io/safetensors/write.ts";
import { type TokenizerWeights, tokenizerWeights } from "./tokenizer_weights.ts";

/** How a checkpoint is converted. */
export interface ConvertOptions extends Cancellable, AtomicOptions {
  /** The type of the weights that are written; default `f32`. */
  dtype?: "f32" | "f16";
  /** Takes the raw weights of a training checkpoint instead of their moving average (EMA). */
  raw?: boolean;
  /** Called for each weight that has been converted. */
  onProgress?: OnProgress;
}

/** What a conversion wrote. */
export interface Conversion extends Pick<TokenizerWeights, "config" | "kind"> {
  /** Number of tensors that were written. */
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
  source: string | URL | Blob | Uint8Array,
  folder: string,
  { dtype = "f32", raw, signal, onProgress, fileSystem }: ConvertOptions = {},
): Promise<Conversion> {
  await using checkpoint = await openCheckpoint(source);
  const { config, kind, source: weights } = tokenizerWeights(checkpoint, { raw });
  const text = formatConfigJson({ tokenizer: config, weights: kind });
  let loaded = 0, bytes = 0;
  const tensors = [...weights.shapes].map(([name, shape]): TensorToWrite => ({
    name,
    dtype,
    shape,
    async data() {
      const values = await weights.read(name);
      const data = dtype === "f16"
        ? toF16(values, { tensor: name })
        : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      bytes += data.length;
      onProgress?.({ loaded: ++loaded, total: weights.shapes.size });
      return data;
    },
  }));
  const made = await makeFolder(folder);
  const path = (file: string) => `${folder.replace(/[/\\]+$/, "")}/${file}`;
  try {
    await writeAtomic(path(configFile), async (file) => {
      await writeAll(file, new TextEncoder().encode(text));
      // `format` is what readers of other libraries ask for.
      const metadata = { format: "pt", [configFile]: text };
      await writeSafetensors(path(weightsFile), { metadata, tensors, signal, fileSystem });
    }, { fileSystem });
  } catch (error) {
    if (made) await Deno.remove(folder).catch(() => {});
    throw error;
  }
  return { config, kind, tensors: tensors.length, bytes };
}

/** Makes the folder and its parents. Resolves to whether it did not exist. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    const exists = await Deno.stat(folder).then(() => true, () => false);
    await Deno.mkdir(folder, { recursive: true });
    return !exists;
  } catch (cause) {
    throw new FileError(`Cannot make the folder ${folder}`, { got: reasonOf(cause), cause });
  }
}
