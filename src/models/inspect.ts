import type { DType } from "../tensor/dtype.ts";
import { CheckpointError } from "../tensor/errors.ts";
import type { QuantFormat } from "../tensor/quantize.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import type { FetchOptions } from "../io/fetch_source.ts";
import type { TokenizerConfig } from "../networks/magvit2/config.ts";
import { formatConfig, isVideoWeight } from "./infer_config.ts";
import { tokenizerNames } from "./names.ts";
import type { ModelSource } from "./find.ts";
import { openCheckpoint } from "./open.ts";
import { below, prefixesOf } from "./part.ts";
import { tokenizerKey, tokenizerWeights } from "./tokenizer_weights.ts";
import { type TransformerFacts, transformerFacts } from "./transformer_facts.ts";
import { transformerKey } from "./transformer_weights.ts";

/** The image tokenizer that a checkpoint holds. */
export interface TokenizerFacts {
  /** What the tokenizer is made of. */
  readonly config: TokenizerConfig;
  /** Published models of just this configuration. */
  readonly like: readonly string[];
  /** Which weights inference takes by default. */
  readonly weights: "ema" | "raw";
  /** What the names of its weights begin with in the file, such as `module.`. */
  readonly prefix: string;
  /** Whether the file holds both, so that `raw` chooses. The published transformers' files hold the raw ones alone. */
  readonly both: boolean;
  /** Number of parameters. */
  readonly parameters: number;
}

/** What a checkpoint holds, as plain values for JSON. */
export interface CheckpointSummary {
  /** Name of the file. */
  readonly name: string;
  /** Format of the file. */
  readonly format: "safetensors" | "torch";
  /** Texts that a safetensors file carries. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The kind of model. */
  readonly holds:
    | "image tokenizer"
    | "video tokenizer"
    | "transformer"
    | "tokenizer and transformer"
    | "unknown";
  /** The image tokenizer, if there is one that can be loaded. */
  readonly tokenizer?: TokenizerFacts;
  /** Why the tokenizer cannot be loaded, if there is one that cannot. */
  readonly problem?: string;
  /** The transformer, if there is one. */
  readonly transformer?: TransformerFacts;
  /** Whether there are averaged (EMA) weights. */
  readonly ema: boolean;
  /** Tensors by what their names begin with, up to the first dot. */
  readonly groups: Readonly<Record<string, number>>;
  /** Elements of all tensors, of whatever part. */
  readonly elements: number;
  /** Bytes of the tensors of each type. */
  readonly bytesByDtype: Readonly<Partial<Record<DType | QuantFormat, number>>>;
  /** All tensors, in the order of the file. */
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: DType | QuantFormat;
    readonly shape: Shape;
  }[];
}

/** Published tokenizers by their configuration. */
const published: ReadonlyMap<string, readonly string[]> = new Map([
  ["ch 128, ch_mult [1,1,2,2,4], 4 blocks a level, 18 bits", ["imagenet_256_L", "pretrain_256_262144"]],
  ["ch 128, ch_mult [1,2,2,4], 4 blocks a level, 18 bits", ["imagenet_128_L"]],
  ["ch 128, ch_mult [1,1,2,2,4], 4 blocks a level, 14 bits", ["pretrain_256_16384"]],
  ["video, ch 128, ch_mult [1,2,2,4], 4 blocks a level, 18 bits", ["video_128_262144"]],
]);

/**
 * Describes what a checkpoint holds from the names and shapes of its tensors, without reading them.
 *
 * Throws `CheckpointError` as `openCheckpoint` does; a tokenizer that cannot be loaded is a `problem`, not an error.
 */
export async function inspectCheckpoint(
  source: ModelSource,
  options?: FetchOptions,
): Promise<CheckpointSummary> {
  await using checkpoint = await openCheckpoint(source, options);
  const { name, format, metadata } = checkpoint;
  const tensors = [...checkpoint.tensors].map(([name, { dtype, quantized, shape }]) => ({
    name,
    dtype: quantized ?? dtype,
    shape,
  }));
  const names = tokenizerNames(checkpoint.tensors.keys());
  const isTokenizer = names.raw.length > 0 || names.ema.length > 0 ||
    prefixesOf(checkpoint, tokenizerKey.weight).length > 0;
  const isVideo = isTokenizer &&
    [...names.raw, ...names.ema].some((name) => isVideoWeight(name, checkpoint.tensors.get(name)!.shape));
  const [place = ""] = prefixesOf(checkpoint, transformerKey.weight);
  const transformer = transformerFacts(below(checkpoint, place).tensors);
  const bytesByDtype: Partial<Record<DType | QuantFormat, number>> = {};
  for (const { dtype, quantized = dtype, bytes } of checkpoint.tensors.values()) {
    bytesByDtype[quantized] = (bytesByDtype[quantized] ?? 0) + bytes;
  }
  return {
    name,
    format,
    metadata,
    holds: isTokenizer
      ? transformer ? "tokenizer and transformer" : isVideo ? "video tokenizer" : "image tokenizer"
      : transformer
      ? "transformer"
      : "unknown",
    ...isTokenizer && tokenizerFacts(checkpoint),
    ...transformer && { transformer },
    ema: names.ema.length > 0,
    groups: groupsOf(checkpoint.tensors.keys()),
    elements: tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    bytesByDtype,
    tensors,
  };
}

function groupsOf(names: Iterable<string>): Record<string, number> {
  const groups = Map.groupBy(names, (name) => name.split(".", 1)[0]!);
  return Object.fromEntries([...groups].map(([group, { length }]) => [group, length]));
}

function tokenizerFacts(checkpoint: Checkpoint): { tokenizer: TokenizerFacts } | { problem: string } {
  try {
    const { config, kind, both, prefix, source } = tokenizerWeights(checkpoint, { video: true });
    const parameters = source.shapes.values().reduce((sum, shape) => sum + sizeOf(shape), 0);
    const like = published.get(formatConfig(config)) ?? [];
    return { tokenizer: { config, like, weights: kind, prefix, both, parameters } };
  } catch (error) {
    if (error instanceof CheckpointError) return { problem: error.message };
    throw error;
  }
}
