import type { WeightSource } from "../backend/backend.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import { tensorsOf } from "../graph/trace.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { free } from "../tensor/free.ts";
import { formatShape, sameShape, type Shape } from "../tensor/shape.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { transformerPath } from "../networks/transformer/config.ts";
import { checkWeightTypes, type PartKey, partWith } from "./part.ts";
import { checkOptions } from "../tensor/options.ts";
import { checkCheckpoint } from "./check_checkpoint.ts";
import { hintKinds, type ModelHints } from "./hints.ts";
import { inferTransformerConfig } from "./infer_transformer_config.ts";
import { teacherForcedGraph } from "../networks/transformer/network.ts";

/** A transformer's configuration and where its weights come from. */
export interface TransformerModel {
  /** What the transformer is made of. */
  readonly config: TransformerConfig;
  /** Where its weights come from. */
  readonly source: WeightSource;
}

/** By what a transformer is found. */
export const transformerKey: PartKey = {
  weight: `${transformerPath}.pre_emb.weight`,
  model: "a transformer",
  known: [""],
};

/** How many names an error lists. */
const listed = 8;

/**
 * Finds the transformer in a checkpoint of a whole generative model, or in weights that were written in q8 or q4.
 *
 * Throws one `CheckpointError` that lists all weights that are missing or misshapen; also if the checkpoint holds no
 * transformer, as that of a tokenizer.
 */
export function transformerWeights(whole: Checkpoint, hints: ModelHints = {}): TransformerModel {
  checkOptions(hints, hintKinds, "take the transformer's weights");
  checkCheckpoint(whole, "take the transformer's weights");
  const { checkpoint } = partWith(whole, transformerKey, hints.prefix);
  const found = new Map([...checkpoint.tensors].map(([name, { shape }]) => [name, shape]));
  const config = inferTransformerConfig(found, { ...hints, file: checkpoint.name });
  const shapes = transformerShapes(config);
  const problems: string[] = [];
  for (const [name, shape] of shapes) {
    const got = found.get(name);
    if (!got) problems.push(`no ${name}`);
    else if (!sameShape(got, shape)) problems.push(`${name} ${formatShape(got)}, not ${formatShape(shape)}`);
  }
  if (problems.length > 0) {
    const rest = problems.length > listed ? ` and ${problems.length - listed} more` : "";
    throw new CheckpointError(`Cannot load the transformer from ${checkpoint.name}`, {
      expected:
        `the ${shapes.size} weights of ${config.layers} and ${config.factorizedLayers} blocks of ${config.dim}`,
      got: problems.slice(0, listed).join(", ") + rest,
    });
  }
  checkWeightTypes(checkpoint, shapes.keys());
  return { config, source: { shapes, read: (name) => checkpoint.read(name), release: free } };
}

/** Names and shapes of all weights of a transformer. */
export function transformerShapes(config: TransformerConfig): Map<string, Shape> {
  const params = tensorsOf(teacherForcedGraph(config, { n: 1, positions: 2 }), "param");
  return new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
}
