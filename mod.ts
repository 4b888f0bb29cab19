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
 * await Deno.writeFile("again.png", await encodeImage(again));
 * ```
 *
 * @module
 */

// Images to tokens and back.
export { Tokenizer } from "./src/tokenizer/tokenizer.ts";
export type { Tokens } from "./src/tokenizer/tokens.ts";
export type { Grid } from "./src/tokenizer/grid.ts";
export { readTokens } from "./src/tokenizer/read_tokens.ts";
export { tokensToJson, tokensToNpz } from "./src/tokenizer/token_file.ts";
export { TokenDecoderStream, TokenEncoderStream } from "./src/tokenizer/token_streams.ts";
export type { TokenEncoderOptions } from "./src/tokenizer/token_streams.ts";

// Images of classes, and the transformer that generates their tokens.
export { Generator } from "./src/transformer/generator.ts";
export type { GeneratorOptions } from "./src/transformer/generator_model.ts";
export type { GeneratedImage, GenerationStep } from "./src/transformer/generated_image.ts";
export type { GenerateOptions, Given, StreamOptions } from "./src/transformer/request.ts";
export { defaultSampling, paperSettings } from "./src/transformer/settings.ts";
export type { SamplingOptions, SamplingSettings } from "./src/transformer/settings.ts";
export { Transformer } from "./src/transformer/transformer.ts";
export type { TeacherForcedInput } from "./src/transformer/transformer.ts";

// How all of them are loaded and run.
export type { ModelSource } from "./src/models/find.ts";
export type { ModelHints } from "./src/models/hints.ts";
export type { RuntimeOptions } from "./src/runtime/options.ts";

// Images.
export { readImage } from "./src/image/read.ts";
export type { DecodeOptions } from "./src/image/decode.ts";
export { encodeImage } from "./src/image/encode.ts";
export type { EncodeOptions } from "./src/image/encode.ts";
export { createImage } from "./src/image/image.ts";
export type { Image } from "./src/image/image.ts";
export { centerCrop, resize, resizeShorterSide } from "./src/image/resize.ts";
export { psnr } from "./src/image/metrics.ts";

// Images of folders and browsers.
export { images } from "./src/data/images.ts";
export type { FolderImage, ImagesOptions } from "./src/data/images.ts";
export type { ImageInput } from "./src/image/input.ts";
export type { Drawable } from "./src/image/drawable.ts";
export { toImageData } from "./src/image/image_data.ts";
export type { ImageDataLike } from "./src/image/image_data.ts";

// Tensors, which encodeTensor, decodeTensor and teacherForced take and give.
export { f32Tensor, u32Tensor } from "./src/tensor/tensor.ts";
export type { HostTensor } from "./src/tensor/tensor.ts";

// Errors.
export {
  ArgumentError,
  BackendError,
  CheckpointError,
  DataError,
  FileError,
  ImageError,
  NetworkError,
  NumericError,
  ShapeError,
  VokenError,
} from "./src/tensor/errors.ts";
