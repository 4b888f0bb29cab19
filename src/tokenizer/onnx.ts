import type { TokenizerModel } from "../models/tokenizer_weights.ts";
import {
  downsamplingFactor,
  type TokenizerConfig,
  tokenizerConfigKinds,
} from "../networks/magvit2/config.ts";
import { exportOnnx } from "../onnx/export.ts";
import { checkModel } from "../runtime/check_model.ts";
import { checkOptions, type Kinds, oneOf } from "../tensor/options.ts";
import type { OnnxModel } from "../onnx/model.ts";
import { decodeGraph, encodeGraph, type Extent } from "./programs.ts";

/** Axes of images and latents, and of tokens, in the files. */
const imageAxes = ["batch", "channels", "height", "width"], latentAxes = ["batch", "bits", "rows", "columns"];
const tokenAxes = ["batch", "rows", "columns"];

const kinds: Kinds<{ dtype?: "f32" | "f16" }> = { dtype: oneOf(["f32", "f16"]) };

/**
 * The encoder as an ONNX model for any number of images of any size: `x` f32 `[batch,3,height,width]` in [−1,1] → `z` f32
 * `[batch,bits,rows,columns]` and `tokens` int64 `[batch,rows,columns]`. Height and width are multiples of the
 * downsampling factor.
 */
export function encoderOnnx(
  model: TokenizerModel,
  options: { dtype?: "f32" | "f16" } = {},
): OnnxModel {
  checkExport(model, options);
  const { config, source } = model;
  const [graph, resized] = extents(config).map((extent) => encodeGraph(config, extent));
  return exportOnnx(graph!, source, {
    ...options,
    resized,
    channelsFirst: ["x", "z"],
    axes: { x: imageAxes, z: latentAxes, tokens: tokenAxes },
  });
}

/**
 * The decoder as an ONNX model: `tokens` int64 `[batch,rows,columns]` → `x` f32 `[batch,3,height,width]`, about [−1,1], not
 * clamped.
 */
export function decoderOnnx(
  model: TokenizerModel,
  options: { dtype?: "f32" | "f16" } = {},
): OnnxModel {
  checkExport(model, options);
  const { config, source } = model;
  const [graph, resized] = extents(config).map((extent) => decodeGraph(config, extent));
  return exportOnnx(graph!, source, {
    ...options,
    resized,
    channelsFirst: ["x"],
    axes: { x: imageAxes, tokens: tokenAxes },
  });
}

function checkExport(model: TokenizerModel, options: { dtype?: "f32" | "f16" }): void {
  checkOptions(options, kinds, "export the tokenizer");
  checkModel(model, tokenizerConfigKinds, "export the tokenizer");
}

/** Two sizes that have no axis in common. */
function extents(config: TokenizerConfig): Extent[] {
  const factor = downsamplingFactor(config);
  return [{ n: 2, height: 3 * factor, width: 4 * factor }, { n: 3, height: 5 * factor, width: 6 * factor }];
}
