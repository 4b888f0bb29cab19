import type { Image } from "../image/image.ts";
import type { Tokens } from "../tokenizer/tokens.ts";

/** An image that was generated. */
export interface GeneratedImage {
  /** The class's number; the number of classes for none. */
  readonly classId: number;
  /** The class's name, if the model has class names. */
  readonly className?: string;
  /** Number of the image. With the seed, the class and the settings it determines the image. */
  readonly index: number;
  /** The seed of the request. */
  readonly seed: number;
  /** The tokens that were generated. */
  readonly tokens: Tokens;
  /** The image that they decode to. */
  readonly image: Image;
}

/** The progress of a batch of images. */
export interface GenerationStep {
  /** Tokens of each of these images that are generated so far. */
  readonly generated: number;
  /** All tokens of an image. */
  readonly of: number;
  /** Numbers of the images that are being generated. */
  readonly indices: readonly number[];
  /** Every `everyRows` rows: the unfinished images, or their first candidates, grey where tokens are missing. */
  readonly partial?: readonly Image[];
  /** The finished images, with the last token. */
  readonly images?: readonly GeneratedImage[];
}
