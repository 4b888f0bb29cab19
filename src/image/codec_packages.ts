import type { Codec } from "./codec_type.ts";
import type { ImageFormat } from "./header_type.ts";

const codecs: Readonly<Record<ImageFormat, () => Promise<{ codec: Codec }>>> = {
  png: () => import("./codec_png.ts"),
  jpeg: () => import("./codec_jpeg.ts"),
  webp: () => import("./codec_webp.ts"),
};

/** The codec of a format of the packages @jsquash, in WebAssembly. */
export async function packageCodec(format: ImageFormat): Promise<Codec> {
  return (await codecs[format]()).codec;
}
