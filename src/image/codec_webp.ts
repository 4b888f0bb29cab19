import { defaultOptions } from "@jsquash/webp/meta.js";
import { ImageError } from "../tensor/errors.ts";
import type { EmscriptenInstance } from "./codec_emscripten.ts";
import { emscriptenCodec } from "./codec_emscripten.ts";
import type { Codec } from "./codec_type.ts";
import type { WasmCodec } from "./codec_wasm.ts";
import type { ImageHeader } from "./header_type.ts";
import type { Image } from "./image.ts";
import type { Rgba } from "./rgba.ts";
import { toRgba } from "./rgba.ts";

interface Decoder {
  decode(bytes: Uint8Array): Rgba | null;
}

interface Encoder {
  encode(
    rgba: Uint8Array,
    width: number,
    height: number,
    options: Record<string, unknown>,
  ): Uint8Array | null;
}

const decoder: WasmCodec<EmscriptenInstance<Decoder>> = emscriptenCodec(
  "webpDecode",
  () => import("@jsquash/webp/codec/dec/webp_dec.js"),
  () => import("./_generated_webp.ts"),
);

const encoder: WasmCodec<EmscriptenInstance<Encoder>> = emscriptenCodec(
  "webpEncode",
  () => import("@jsquash/webp/codec/enc/webp_enc_simd.js"),
);

export const codec: Codec = { decode, encode, prepare: () => decoder.prepare() };

/** Decodes a still WebP file to RGBA without applying its orientation. May throw any error if the file is damaged. */
async function decode(bytes: Uint8Array, { width, height }: ImageHeader): Promise<Rgba> {
  const decoded = await decoder.run(width * height, ({ module }) => module.decode(bytes));
  if (!decoded) throw new ImageError("Cannot decode the WebP image", { got: "a damaged file" });
  return decoded;
}

/** Encodes an image as a WebP file with a quality of 0 to 100; 100 is lossless. */
function encode(image: Image, quality: number): Promise<Uint8Array> {
  return encoder.run(image.width * image.height, ({ module }) => {
    const options = { ...defaultOptions, quality, lossless: quality === 100 ? 1 : 0 };
    const file = module.encode(toRgba(image), image.width, image.height, options);
    if (!file) throw new ImageError("Cannot encode the WebP image");
    return Uint8Array.from(file);
  });
}
