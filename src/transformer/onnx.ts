import type { TransformerModel } from "../models/transformer_weights.ts";
import { transformerConfigKinds } from "../networks/transformer/config.ts";
import { teacherForcedGraph } from "../networks/transformer/network.ts";
import { exportOnnx } from "../onnx/export.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { checkModel } from "../runtime/check_model.ts";
import { checkOptions, type Kinds, oneOf, wholeNumber } from "../tensor/options.ts";
import { stepGraph } from "./step_graph.ts";

/** How a transformer is exported. */
export interface TransformerOnnxOptions {
  /** Type of weights, activations and caches, as in `OnnxOptions`. */
  dtype?: "f32" | "f16";
  /** Images of a run; default 1. */
  n?: number;
}

const kinds: Kinds<TransformerOnnxOptions> = { dtype: oneOf(["f32", "f16"]), n: wholeNumber(1, 2 ** 16) };

/**
 * The transformer over all P = grid² positions of n images as an ONNX model: `classes` int64 `[n]`, `pre` and `post` int64
 * `[n,P]` → `logits_pre` f32 `[n,P,2^b0]` and `logits_post` `[n,P,2^b1]`.
 */
export function teacherForcedOnnx(
  model: TransformerModel,
  options: TransformerOnnxOptions = {},
): OnnxModel {
  const { config, source, dtype, n } = taken(model, options);
  return exportOnnx(teacherForcedGraph(config, { n }), source, { dtype });
}

/**
 * One step of the generation of n images with guidance as an ONNX model: inputs and outputs of `stepGraph` for rows
 * of the class and of none, u32 as int64. The caches of keys and values, `…cache` `[2·n,2,heads,grid²,D/heads]` (with f16
 * as float16), are inputs, zeros at first, and outputs, `…cache.next`, which the next step is given.
 */
export function stepOnnx(
  model: TransformerModel,
  options: TransformerOnnxOptions = {},
): OnnxModel {
  const { config, source, dtype, n } = taken(model, options);
  const graph = stepGraph(config, { n, guided: true, logits: true, f16Cache: dtype === "f16" });
  return exportOnnx(graph, source, { dtype });
}

function taken(
  model: TransformerModel,
  options: TransformerOnnxOptions,
): TransformerModel & { dtype?: "f32" | "f16"; n: number } {
  checkOptions(options, kinds, "export the transformer");
  checkModel(model, transformerConfigKinds, "export the transformer");
  return { ...model, n: 1, ...options };
}
