/**
 * What `@voken/magvit2` is built of, for those who convert checkpoints, choose a backend themselves, look into graphs, or
 * decode many images side by side.
 *
 * ```ts
 * import { Tokenizer } from "@voken/magvit2";
 * import { createBackend } from "@voken/magvit2/advanced";
 *
 * // Two models that share one backend, and so its threads.
 * await using backend = await createBackend("wasm", { threads: 4 });
 * await using first = await Tokenizer.load("emoji-64", { backend });
 * await using second = await Tokenizer.load("other.safetensors", { backend });
 * ```
 *
 * @module
 */

// Checkpoints: what they hold, their conversion, and models made of their weights.
export { openCheckpoint } from "./models/open.ts";
export type { Checkpoint, StoredTensor } from "./io/checkpoint.ts";
export type { FetchOptions, FetchProgress } from "./io/fetch_source.ts";
export { inspectCheckpoint } from "./models/inspect.ts";
export type { CheckpointSummary, TokenizerFacts } from "./models/inspect.ts";
export type { TransformerFacts } from "./models/transformer_facts.ts";
export { convertCheckpoint } from "./models/convert.ts";
export type { Conversion, ConvertOptions } from "./models/convert.ts";
export { inflateTokenizer } from "./models/inflate.ts";
export { convertTransformer } from "./models/convert_transformer.ts";
export type { ConvertTransformerOptions, TransformerConversion } from "./models/convert_transformer.ts";
export type { AtomicOptions, FileSystem } from "./io/atomic.ts";
export { tokenizerWeights } from "./models/tokenizer_weights.ts";
export type { TokenizerModel, TokenizerWeights } from "./models/tokenizer_weights.ts";
export { transformerWeights } from "./models/transformer_weights.ts";
export type { TransformerModel } from "./models/transformer_weights.ts";
export type { GeneratorModel } from "./transformer/generator_model.ts";
export type { TokenizerConfig } from "./networks/magvit2/config.ts";
export type { TransformerConfig } from "./networks/transformer/config.ts";

// Generation of many images side by side, as services do it.
export type { Candidate, Generation, Slot } from "./transformer/generation.ts";
export type { Kept } from "./transformer/given.ts";
export type { DecodeBatch, StepOutcome } from "./transformer/decode_batch.ts";
export type { ClassId } from "./transformer/classes.ts";
export type { PerSubToken } from "./transformer/settings.ts";

// Backends.
export { createBackend } from "./backend/select.ts";
export type { BackendName, BackendOptions, TrainingParts } from "./backend/select.ts";
export { OrtBackend } from "./backend/ort/ort_backend.ts";
export type { OrtOptions } from "./backend/ort/ort_backend.ts";
export type { OrtRuntime, OrtSession, OrtSessionOptions, OrtTensor } from "./backend/ort/runtime.ts";
export { WebGpuBackend } from "./backend/webgpu/webgpu_backend.ts";
export type { Counters } from "./backend/webgpu/counters.ts";
export type { WebGpuOptions, WebGpuParts } from "./backend/webgpu/options.ts";
export type { Tiling } from "./backend/webgpu/tiles.ts";
export type {
  ActivationFormat,
  Backend,
  Cancellable,
  CommandTime,
  CompileOptions,
  LoadOptions,
  OnProgress,
  Program,
  ProgramStats,
  States,
  WeightFormat,
  Weights,
  WeightSource,
} from "./backend/backend.ts";

// ONNX models of tokenizers, transformers and other graphs.
export { decoderOnnx, encoderOnnx } from "./tokenizer/onnx.ts";
export { stepOnnx, teacherForcedOnnx } from "./transformer/onnx.ts";
export type { TransformerOnnxOptions } from "./transformer/onnx.ts";
export { exportOnnx } from "./onnx/export.ts";
export type { OnnxOptions } from "./onnx/export.ts";
export { OnnxModel } from "./onnx/model.ts";
export { writeOnnx } from "./onnx/write.ts";
export type { WriteOnnxOptions } from "./onnx/write.ts";
export type { ElementType, ValueInfo } from "./onnx/messages.ts";
export type { ExportWeights } from "./onnx/emitter.ts";

// Graphs and ops.
export type { Graph } from "./graph/trace.ts";
export type { Attrs, Inputs, OpName, Spec, Tensor, TensorOf } from "./graph/ops.ts";

// Tensors and images.
export type { DType } from "./tensor/dtype.ts";
export type { QuantFormat } from "./tensor/quantize.ts";
export type { Shape } from "./tensor/shape.ts";
export type { GraphDType, HostArrays } from "./tensor/tensor.ts";
export type { ErrorFacts } from "./tensor/errors.ts";
export type { Numbers } from "./tensor/elements.ts";
export { imagesToTensor, nchwToNhwc, nhwcToNchw, tensorToImages } from "./image/pixels.ts";
export type { ImagesToTensorOptions, Layout, TensorToImagesOptions } from "./image/pixels.ts";
export { contactSheet } from "./image/contact_sheet.ts";
export type { ContactSheetOptions } from "./image/contact_sheet.ts";
export type { ImageFormat } from "./image/header_type.ts";
export type { Rgb } from "./image/image.ts";
