import type { Cancellable, OnProgress, WeightFormat } from "../backend/backend.ts";
import { weightFormats } from "../backend/formats.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { quantBlock, quantize } from "../tensor/quantize.ts";
import { dtypeBytes } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { teacherForcedGraph } from "../networks/transformer/network.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import {
  classesFile,
  openGenerative,
  samplingFile,
  transformerFile,
  transformerOf,
} from "./open_generative.ts";
import { type AtomicOptions, writeFileAtomic } from "../io/atomic.ts";
import type { ModelHints } from "./hints.ts";
import { configFile } from "./config_json.ts";
import { toF16 } from "../io/convert_dtype.ts";
import { packPairs, quantizedNames } from "./quantized.ts";
import { type TensorToWrite, writeSafetensors } from "../io/safetensors/write.ts";

/** How a transformer is converted. */
export interface ConvertTransformerOptions
  extends Pick<ModelHints, "heads" | "grid">, Cancellable, AtomicOptions {
  /** How matrices are stored; default `q8`. Embeddings are f16 unless all is f32; norms are f32. */
  weights?: WeightFormat;
  /** Called for each weight that has been converted. */
  onProgress?: OnProgress;
}

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
  source: string | URL | Blob | Uint8Array,
  folder: string,
  { weights: format = "q8", signal, onProgress, fileSystem, ...options }: ConvertTransformerOptions = {},
): Promise<TransformerConversion> {
  await using files = await openGenerative(source);
  const { config, source: weights } = transformerOf(files, options);
  const formats = weightFormats([teacherForcedGraph(config, { n: 1, positions: 2 })], format);
  let loaded = 0;
  const total = weights.shapes.size;
  const read = async (name: string) => {
    const values = await weights.read(name);
    onProgress?.({ loaded: ++loaded, total });
    return values;
  };
  const tensors = [...weights.shapes].flatMap(([name, shape]): TensorToWrite[] => {
    const stored = formats.get(name) ?? "f32";
    if (stored === "f32") return [{ name, dtype: "f32", shape, data: async () => bytesOf(await read(name)) }];
    if (stored === "f16") {
      return [{ name, dtype: "f16", shape, data: async () => toF16(await read(name), { tensor: name }) }];
    }
    const [rows, width] = shape as [number, number], names = quantizedNames(name, stored);
    if (stored === "q4" && width % 2 === 1) {
      throw new CheckpointError(`Cannot store ${name} as q4`, {
        expected: "an even number of columns",
        got: `${width}`,
        hint: "store it as q8",
      });
    }
    // Tensors are written widest first, so that a matrix is read once for its scales and once for its values.
    const quantized = async () => quantize(stored, await weights.read(name), width);
    return [
      {
        name: names.scales,
        dtype: "f16",
        shape: [rows, Math.ceil(width / quantBlock)],
        data: async () => bytesOf((await quantized()).scales),
      },
      {
        name: names.q,
        ...stored === "q8"
          ? { dtype: "i8" as const, shape }
          : { dtype: "u8" as const, shape: [rows, width / 2] },
        data: async () => {
          const { q } = await quantized();
          onProgress?.({ loaded: ++loaded, total });
          return bytesOf(stored === "q8" ? q : packPairs(q));
        },
      },
    ];
  });
  const stated = { transformer: { heads: config.heads, grid: config.grid, weights: format } };
  const texts: Record<string, string> = {};
  for (const name of [classesFile, samplingFile]) {
    const file = await files.textFile(name);
    if (file) texts[name] = file.text;
  }
  const metadata = { format: "pt", [configFile]: JSON.stringify(stated), ...texts };
  const target = folder.replace(/[/\\]+$/, "");
  await writeSafetensors(`${target}/${transformerFile}`, { metadata, tensors, signal, fileSystem });
  for (const [name, text] of Object.entries(texts)) {
    await writeFileAtomic(`${target}/${name}`, new TextEncoder().encode(text), { fileSystem });
  }
  const bytes = tensors.reduce((sum, { dtype, shape }) => sum + sizeOf(shape) * dtypeBytes[dtype], 0);
  return { config, weights: format, bytes };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
