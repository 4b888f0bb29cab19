import type { WeightSource } from "../backend/backend.ts";
import { input } from "../graph/build.ts";
import { graphOf } from "../graph/trace.ts";
import { Scope } from "../nn/scope.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { checkOptions, flag, text } from "../tensor/options.ts";
import { free } from "../tensor/free.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import { downsamplingFactor, type TokenizerConfig } from "../networks/magvit2/config.ts";
import { decoder } from "../networks/magvit2/decoder.ts";
import { encoder } from "../networks/magvit2/encoder.ts";
import type { ModelHints } from "./hints.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import { checkWeightTypes, type PartKey, partWith } from "./part.ts";
import { checkCheckpoint } from "./check_checkpoint.ts";
import { configFile, parseConfig } from "./config_json.ts";
import { formatConfig, inferConfig } from "./infer_config.ts";
import {
  bareName,
  emaName,
  type TokenizerNames,
  tokenizerNames,
  wholeModelPrefix,
  withoutDots,
} from "./names.ts";

/** A tokenizer's configuration and the source of its weights, whose names are `encoder.…` and `decoder.…`. */
export interface TokenizerModel {
  /** What the tokenizer is made of. */
  readonly config: TokenizerConfig;
  /** Where its weights come from. */
  readonly source: WeightSource;
}

/** The tokenizer in a checkpoint. */
export interface TokenizerWeights extends TokenizerModel {
  /** Whether the weights are the averaged (EMA) or the raw ones. */
  readonly kind: "ema" | "raw";
  /** Whether the file holds both, so that `raw` chooses. */
  readonly both: boolean;
  /** What is before the names of the weights in the file, such as `module.`. */
  readonly prefix: string;
}

/** By what a tokenizer is found. */
export const tokenizerKey: PartKey = {
  weight: "encoder.conv_in.weight",
  model: "a tokenizer",
  known: ["", wholeModelPrefix],
};

/** How many names of a kind an error lists. */
const listed = 8;

/**
 * Finds the tokenizer in a checkpoint of a tokenizer or of a whole generative model: the averaged weights where there
 * are any, the raw ones otherwise or with `raw`.
 *
 * Throws one `CheckpointError` that lists all weights that are missing, misshapen or left over; also if the
 * checkpoint holds no tokenizer, or one of films without `video`, or its config.json contradicts its weights.
 */
export function tokenizerWeights(
  whole: Checkpoint,
  options: Pick<ModelHints, "raw" | "prefix"> & {
    /** Takes tokenizers of films, too. */
    video?: boolean;
  } = {},
): TokenizerWeights {
  checkOptions(options, { raw: flag, prefix: text, video: flag }, "take the tokenizer's weights");
  checkCheckpoint(whole, "take the tokenizer's weights");
  const { raw = false, prefix: wanted, video = false } = options;
  const { checkpoint, prefix } = partWith(whole, tokenizerKey, wanted), { name: file, tensors } = checkpoint;
  const names = tokenizerNames(tensors.keys());
  const kind = !raw && names.ema.length > 0 ? "ema" : "raw";
  const stored = names[kind];
  if (stored.length === 0) {
    throw new CheckpointError(`Cannot load a tokenizer from ${file}`, {
      expected: raw && names.ema.length > 0 ? "raw weights" : "weights of an encoder and a decoder",
      got: raw && names.ema.length > 0 ? "only averaged (EMA) weights" : `none among ${tensors.size} tensors`,
      hint: "run voken inspect to see what the file holds",
    });
  }
  refuseLearnedCodebook(checkpoint);
  const config = inferConfig(
    new Map(stored.map((name) => [bareName(name, names, kind), tensors.get(name)!.shape])),
    { file },
  );
  if (config.kind === "video" && !video) {
    throw new CheckpointError(`Cannot load ${file}`, {
      expected: "an image tokenizer",
      got: "a video tokenizer",
    });
  }
  const shapes = parameterShapes(config);
  const storedName = (name: string) => kind === "ema" ? emaName(name, names.prefix) : names.prefix + name;
  checkWeights(checkpoint, { config, shapes, storedName, names });
  checkWeightTypes(checkpoint, shapes.keys().map(storedName));
  const stated = checkStated(checkpoint, { config, raw });
  return {
    config,
    kind: stated ?? kind,
    both: names.raw.length > 0 && names.ema.length > 0,
    prefix,
    source: {
      shapes,
      f16: shapes.keys().every((name) => tensors.get(storedName(name))?.dtype === "f16"),
      read: (name) => checkpoint.read(storedName(name)),
      release: free,
    },
  };
}

/** Throws `CheckpointError` for tokenizers of the same encoder and decoder that learn their codes. */
function refuseLearnedCodebook({ name, tensors }: Checkpoint): void {
  const codebook = tensors.keys().find((key) => /(^|\.)quantiz\w*\.(embed|codebook)/.test(key));
  if (codebook === undefined) return;
  throw new CheckpointError(`Cannot load a tokenizer from ${name}`, {
    expected: "lookup-free quantization, which has no weights",
    got: `a tokenizer with a learned codebook (IBQ, VQGAN): ${codebook}`,
    hint: "take a checkpoint of Open-MAGVIT2",
  });
}

/** Names and shapes of all weights that encoder and decoder read. */
export function parameterShapes(config: TokenizerConfig): Map<string, Shape> {
  const side = 2 * downsamplingFactor(config), time = config.kind === "video" ? [1] : [];
  const image = input("x", { shape: [1, ...time, side, side, config.inChannels], dtype: "f32" });
  const z = encoder(new Scope("encoder"), image, config);
  const { tensors } = graphOf({ decoded: decoder(new Scope("decoder"), z, config) });
  const params = tensors.filter((tensor) => tensor.op === "param");
  return new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
}

function checkWeights(
  { name: file, tensors }: Checkpoint,
  { config, shapes, storedName, names }: {
    config: TokenizerConfig;
    shapes: ReadonlyMap<string, Shape>;
    storedName: (name: string) => string;
    names: TokenizerNames;
  },
): void {
  const missing: string[] = [], misshapen: string[] = [];
  for (const [name, shape] of shapes) {
    const found = tensors.get(storedName(name));
    if (!found) missing.push(storedName(name));
    else if (!sameShape(found.shape, shape)) {
      misshapen.push(`${storedName(name)} is ${formatShape(found.shape)}, not ${formatShape(shape)}`);
    }
  }
  const known = new Set(shapes.keys()), knownBare = new Set([...known].map(withoutDots));
  const leftOver = [
    ...names.raw.filter((name) => !known.has(name.slice(names.prefix.length))),
    ...names.ema.filter((name) => !knownBare.has(bareName(name, names, "ema"))),
  ];
  const problems = [list("missing", missing), list("misshapen", misshapen), list("left over", leftOver)];
  const got = problems.filter((problem) => problem !== undefined).join("; ");
  if (got) {
    throw new CheckpointError(`Cannot load the tokenizer from ${file}`, {
      expected: `the ${shapes.size} weights of ${formatConfig(config)}`,
      got,
    });
  }
}

function list(what: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const rest = names.length > listed ? ` and ${names.length - listed} more` : "";
  return `${names.length} ${what} (${names.slice(0, listed).join(", ")}${rest})`;
}

/** Checks the configuration that a converted model states against its weights. Gives the kind of weights it was made from. */
function checkStated(
  { name: file, metadata }: Checkpoint,
  { config, raw }: { config: TokenizerConfig; raw: boolean },
): "ema" | "raw" | undefined {
  if (metadata[configFile] === undefined) return undefined;
  const stated = parseConfig(metadata[configFile], { file });
  if (formatConfig(stated.tokenizer) !== formatConfig(config)) {
    throw new CheckpointError(`Cannot load the tokenizer from ${file}`, {
      expected: `${formatConfig(stated.tokenizer)}, as its config.json says`,
      got: `weights of ${formatConfig(config)}`,
    });
  }
  if (raw && stated.weights === "ema") {
    throw new CheckpointError(`Cannot load the raw weights from ${file}`, {
      expected: "raw weights",
      got: "a model converted from the averaged (EMA) weights",
      hint: "convert the checkpoint again with --raw",
    });
  }
  return stated.weights;
}
