import type { RuntimeOptions } from "../../src/runtime/options.ts";
import { Generator } from "../../src/transformer/generator.ts";
import type { GeneratorModel } from "../../src/transformer/generator_model.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { transformerShapes } from "../../src/models/transformer_weights.ts";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { hashedWeight } from "../golden/hashed.ts";

export const tinyTransformer: TransformerConfig = {
  dim: 64,
  heads: 4,
  layers: 2,
  factorizedLayers: 1,
  hidden: 256,
  bits: [3, 4],
  grid: 4,
  classes: 10,
};

export const tinyTokenizer: TokenizerConfig = {
  kind: "image",
  ch: 32,
  chMult: [1, 1],
  numResBlocks: 1,
  zChannels: 7,
  inChannels: 3,
  outChannels: 3,
};

export const tinyNames: readonly string[] = [
  ..."cat,dog,golden retriever,ring,boat,tree,car,house,bird,fish".split(","),
];

/** A whole model of weights computed from their names: what it generates means nothing, but is always the same. */
export function tinyModel(change: Partial<GeneratorModel> = {}): GeneratorModel {
  return {
    transformer: { config: tinyTransformer, source: hashedSource(transformerShapes(tinyTransformer)) },
    tokenizer: { config: tinyTokenizer, source: hashedSource(parameterShapes(tinyTokenizer)) },
    classNames: tinyNames,
    ...change,
  };
}

export function tinyGenerator(options: RuntimeOptions = {}): Promise<Generator> {
  return Generator.fromWeights(tinyModel(), options);
}

function hashedSource(shapes: ReadonlyMap<string, Shape>) {
  return { shapes, read: (name: string) => Promise.resolve(hashedWeight(name, shapes.get(name)!)) };
}
