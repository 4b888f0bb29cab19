import {
  type Cancellable,
  type OnProgress,
  type WeightFormat,
  weightFormatNames,
} from "../backend/backend.ts";
import { weightFormats } from "../backend/formats.ts";
import {
  callback,
  cancellable,
  checkKind,
  checkOptions,
  filePath,
  type Kinds,
  oneOf,
  record,
} from "../tensor/options.ts";
import { dtypeBytes } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { teacherForcedGraph } from "../networks/transformer/network.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import type { ModelSource } from "./find.ts";
import { classesFile, samplingFile, transformerFile } from "./model_files.ts";
import { openGenerative, transformerOf } from "./open_generative.ts";
import { type AtomicOptions, writeFileAtomic } from "../io/atomic.ts";
import { checkSource } from "./check_source.ts";
import { hintKinds, type ModelHints } from "./hints.ts";
import { configFile } from "./config_json.ts";
import { storedTensors } from "./stored_tensors.ts";
import { writeSafetensors } from "../io/safetensors/write.ts";

/** How a transformer is converted. */
export interface ConvertTransformerOptions
  extends Pick<ModelHints, "prefix" | "heads" | "grid">, Cancellable, AtomicOptions {
  /** How matrices are stored; default `q8`. Embeddings are q8 where matrices are q8 or q4; norms are f32. */
  weights?: WeightFormat;
  /** Called with the bytes that are written of all, after each tensor, and before that with those that are downloaded. */
  onProgress?: OnProgress;
}

const { prefix, heads, grid } = hintKinds;
const kinds: Kinds<ConvertTransformerOptions> = {
  ...{ prefix, heads, grid },
  weights: oneOf(weightFormatNames),
  onProgress: callback,
  fileSystem: record,
  ...cancellable,
};

/** What a conversion wrote. */
export interface TransformerConversion {
  /** What the transformer is made of. */
  readonly config: TransformerConfig;
  /** Storage format of its matrices. */
  readonly weights: WeightFormat;
  /** Bytes of the weights. */
  readonly bytes: number;
}

/**
 * Writes the transformer of a checkpoint, or of a model's folder, to `transformer.safetensors` in an existing folder, next to
 * a tokenizer's `model.safetensors`. Heads and grid, which shapes do not show, go into its metadata; they come from the
 * options or else from the metadata of `source`. Class names and sampling settings, if there are any, are written next to it
 * and, for hosts without files, into the metadata.
 *
 * Throws `CheckpointError` as `openCheckpoint` and `transformerWeights` do, and naming the tensor where a value is too
 * large for f16; `FileError` if the file cannot be written. The file that was there before is then kept.
 */
export async function convertTransformer(
  source: ModelSource,
  folder: string,
  given: ConvertTransformerOptions = {},
): Promise<TransformerConversion> {
  checkOptions(given, kinds, "convert the transformer");
  checkSource(source, "convert the transformer");
  checkKind(folder, filePath, "Cannot convert the transformer: folder");
  const { weights: format = "q8", signal, onProgress, fileSystem, ...hints } = given;
  await using files = await openGenerative(source, { signal, onProgress });
  const { config, source: weights } = transformerOf(files, hints);
  const formats = weightFormats([teacherForcedGraph(config, { n: 1, positions: 2 })], format);
  const tensors = [...weights.shapes].flatMap(([name, shape]) => {
    const read = () => weights.read(name);
    const loaded = formats.get(name) ?? "f32";
    // Embeddings are kept as f16 in memory, as little of them is read at a time; in a file all their bytes count.
    return storedTensors({ name, shape, read }, loaded === "f16" && format !== "f16" ? "q8" : loaded);
  });
  const stated = { transformer: { heads: config.heads, grid: config.grid, weights: format } };
  const texts: Record<string, string> = {};
  for (const name of [classesFile, samplingFile]) {
    const file = await files.textFile(name);
    if (file) texts[name] = file.text;
  }
  const metadata = { format: "pt", [configFile]: JSON.stringify(stated), ...texts };
  const target = folder.replace(/[/\\]+$/, "");
  const options = { signal, onProgress, fileSystem };
  await writeSafetensors(`${target}/${transformerFile}`, { metadata, tensors, ...options });
  for (const [name, text] of Object.entries(texts)) {
    await writeFileAtomic(`${target}/${name}`, new TextEncoder().encode(text), { fileSystem });
  }
  const bytes = tensors.reduce((sum, { dtype, shape }) => sum + sizeOf(shape) * dtypeBytes[dtype], 0);
  return { config, weights: format, bytes };
}
