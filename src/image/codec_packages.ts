import { BackendError } from "../tensor/errors.ts";
import type { Codec } from "./codec_type.ts";
import type { ImageFormat } from "./header_type.ts";

const codecs = {
  png: () => import("./codec_png.ts"),
  jpeg: () => import("./codec_jpeg.ts"),
  webp: () => import("./codec_webp.ts"),
};

/** What the codec of a format does; PNG is decoded without one. */
type CodecOf<Format extends ImageFormat> = Format extends "png" ? Pick<Codec, "encode"> : Codec;

/** The codec of a format of the packages @jsquash, in WebAssembly. Throws `BackendError` if it cannot be loaded. */
export async function packageCodec<Format extends ImageFormat>(format: Format): Promise<CodecOf<Format>> {
  try {
    return (await codecs[format]()).codec as CodecOf<Format>;
  } catch (cause) {
    throw new BackendError("Cannot load an image codec", {
      got: cause instanceof Error ? cause.message : String(cause),
      hint: "install the @jsquash packages; in a page, look whether the server still gives its scripts",
      cause,
    });
  }
}
