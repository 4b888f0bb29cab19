/**
 * Open-MAGVIT2 in TypeScript: images become tokens, and tokens become images again.
 *
 * ```ts
 * import { encodeImage, psnr, readImage, Tokenizer } from "@voken/magvit2";
 *
 * // A .ckpt, .pth or .safetensors file, a folder made by `voken convert`, or the name of a model that is shipped.
 * await using tokenizer = await Tokenizer.load("emoji-64");
 *
 * const image = await readImage("models/emoji-64/samples/ring.png");
 * const tokens = await tokenizer.encode(image); // { grid: [16, 16], codebookSize: 262144, data: Uint32Array(256) }
 * const again = await tokenizer.decode(tokens); // { width: 64, height: 64, data: Uint8Array of RGB }
 *
 * console.log(`${tokens.data.length} tokens keep ${psnr(image, again).toFixed(2)} dB`);
 * await Deno.writeFile("again.png", await encodeImage(again, { format: "png" }));
 * ```
 *
 * @module
 */

export { Tokenizer } from "./src/tokenizer/tokenizer.ts";
export type { TokenizerModel } from "./src/models/tokenizer_weights.ts";
export type { ModelHints } from "./src/models/hints.ts";
export type { RuntimeOptions } from "./src/runtime/options.ts";
export type { ModelSource } from "./src/models/find.ts";
export type { Tokens } from "./src/tokenizer/tokens.ts";
export { readTokens, tokensToJson, tokensToNpz } from "./src/tokenizer/token_file.ts";

export { Generator } from "./src/transformer/generator.ts";
export type {
  GeneratedImage,
  Generationstep,
  GeneratorModel,
  GeneratorOptions,
  StreamOptions,
} from "./src/transformer/generator.ts";
export type { Generation } from "./src/transformer/generation.ts";
export type { DecodeBatch, StepOutcome } from "./src/transformer/decode_batch.ts";
export type { GenerateOptions } from "./src/transformer/request.ts";
export { paperSettings, pretty } from "./src/transformer/settings.ts";
export type { PerSubToken, SamplingOptions, SamplingSettings } from "./src/transformer/settings.ts";
export { Transformer } from "./src/transformer/transformer.ts";
export type { TeacherForcedInput } from "./src/transformer/transformer.ts";
export type { ClassId } from "./src/transformer/classes.ts";
export type { TransformerConfig } from "./src/networks/transformer/config.ts";
export { transformerWeights } from "./src/models/transformer_weights.ts";
export type { TransformerModel } from "./src/models/transformer_weights.ts";

export { readImage } from "./src/image/read.ts";
export type { DecodeOptions } from "./src/image/decode.ts";
export { encodeImage } from "./src/image/encode.ts";
export type { EncodeOptions } from "./src/image/encode.ts";
export type { ImageFormat } from "./src/image/header_type.ts";
export { createImage } from "./src/image/image.ts";
export type { Image, Rgb } from "./src/image/image.ts";
export { centerCrop, resize, resizeShorterSide } from "./src/image/resize.ts";
export { imagesToTensor, nchwToNhwc, nhwcToNchw, tensorToImages } from "./src/image/pixels.ts";
export { contactSheet } from "./src/image/contact_sheet.ts";
export type { ContactSheetOptions } from "./src/image/contact_sheet.ts";
export { psnr } from "./src/image/metrics.ts";

export { openCheckpoint } from "./src/models/open.ts";
export type { Checkpoint } from "./src/io/checkpoint.ts";
export type { TokenizerConfig } from "./src/networks/magvit2/config.ts";
export { tokenizerWeights } from "./src/models/tokenizer_weights.ts";
export type { TokenizerWeights } from "./src/models/tokenizer_weights.ts";
export { inspectCheckpoint } from "./src/models/inspect.ts";
export type { CheckpointSummary, TokenizerFacts } from "./src/models/inspect.ts";
export type { TransformerFacts } from "./src/models/transformer_facts.ts";
export { convertCheckpoint } from "./src/models/convert.ts";
export type { Conversion, ConvertOptions } from "./src/models/convert.ts";
export { convertTransformer } from "./src/models/convert_transformer.ts";
export type { ConvertTransformerOptions, TransformerConversion } from "./src/models/convert_transformer.ts";
export type { AtomicOptions, FileSystem } from "./src/io/atomic.ts";

export type {
  ActivationFormat,
  Backend,
  Cancellable,
  CommandTime,
  CompileOptions,
  LoadOptions as WeightLoadOptions,
  OnProgress,
  Program,
  ProgramStats,
  WeightFormat,
  Weights,
  WeightSource,
} from "./src/backend/backend.ts";
export { createBackend } from "./src/backend/select.ts";
export { WebGpuBackend } from "./src/backend/webgpu/webgpu_backend.ts";
export type { Counters } from "./src/backend/webgpu/counters.ts";
export type { WebGpuOptions, WebGpuParts } from "./src/backend/webgpu/options.ts";
export type { Tiling } from "./src/backend/webgpu/tiles.ts";
export type { BackendName } from "./src/backend/select.ts";

export type { Graph } from "./src/graph/trace.ts";
export type { Attrs, Inputs, OpName, OpTable, Spec, Tensor, TensorOf } from "./src/graph/ops.ts";

export type { DType } from "./src/tensor/dtype.ts";
export type { Shape } from "./src/tensor/shape.ts";
export { f32Tensor, u32Tensor } from "./src/tensor/tensor.ts";
export type { GraphDType, HostArrays, HostTensor } from "./src/tensor/tensor.ts";
export {
  ArgumentError,
  BackendError,
  CheckpointError,
  FileError,
  ImageError,
  NumericError,
  ShapeError,
  VokenError,
} from "./src/tensor/errors.ts";
export type { ErrorFacts } from "./src/tensor/errors.ts";
