import type { ImageHeader } from "./header_type.ts";
import type { Image } from "./image.ts";
import type { Rgba } from "./rgba.ts";

/** Decodes and encodes the files of one format. */
export interface Codec {
  /** Decodes a file that holds only what makes the pixels: no metadata, no animation. May throw any error if it is damaged. */
  decode(bytes: Uint8Array, header: ImageHeader): Promise<Rgba>;
  /** Loads what decoding needs, so that it needs no server from then on. Throws `BackendError` if it cannot be loaded. */
  prepare(): Promise<void>;
  /** Encodes an image; `quality` is 0 to 100 and has no meaning for PNG. */
  encode(image: Image, quality: number): Promise<Uint8Array>;
}
