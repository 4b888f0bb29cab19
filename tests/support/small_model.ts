/**
 * A model for tests whose weights are computed from their names: what it generates means nothing, but is always the same.
 * Its images of 32×32 have 8×8 tokens, a quarter of the shipped model's.
 */
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { convertCheckpoint } from "../../src/models/convert.ts";
import { convertTransformer } from "../../src/models/convert_transformer.ts";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import { transformerShapes } from "../../src/models/transformer_weights.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { hashedWeight } from "../golden/hashed.ts";

const tokenizer: TokenizerConfig = {
  kind: "image",
  ch: 32,
  chMult: [1, 2, 2],
  numResBlocks: 1,
  zChannels: 18,
  inChannels: 3,
  outChannels: 3,
};
const transformer: TransformerConfig = {
  dim: 128,
  heads: 4,
  layers: 4,
  factorizedLayers: 2,
  hidden: 512,
  bits: [6, 12],
  grid: 8,
  classes: 9,
};
const classNames: readonly string[] = [
  "Activities",
  "Animals & Nature",
  "Flags",
  "Food & Drink",
  "Objects",
  "People & Body",
  "Smileys & Emotion",
  "Symbols",
  "Travel & Places",
];

/** The folder of the model, which is there until the process ends. */
export const smallModel: string = await Deno.makeTempDir({ prefix: "voken-small-model-" });
addEventListener("unload", () => Deno.removeSync(smallModel, { recursive: true }));

const checkpoint = `${smallModel}/checkpoint.safetensors`;
await writeSafetensors(checkpoint, {
  tensors: [...parameterShapes(tokenizer), ...transformerShapes(transformer)].map(([name, shape]) => ({
    name,
    shape,
    dtype: "f32" as const,
    data: () => new Uint8Array(hashedWeight(name, shape).buffer),
  })),
});
await convertCheckpoint(checkpoint, smallModel, { dtype: "f16" });
await convertTransformer(checkpoint, smallModel, { heads: transformer.heads, grid: transformer.grid });
await Deno.remove(checkpoint);
await Deno.writeTextFile(`${smallModel}/classes.json`, JSON.stringify(classNames));
