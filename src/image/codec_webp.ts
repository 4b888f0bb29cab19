import { ImageError } from "../tensor/errors.ts";
import type { EmscriptenInstance } from "./codec_emscripten.ts";
import { emscriptenCodec } from "./codec_emscripten.ts";
import type { Image } from "./image.ts";
import type { Rgba } from "./rgba.ts";
import { toRgba } from "./rgba.ts";
import type { WasmCodec } from "./wasm_codec.ts";

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
  () => import.meta.resolve("npm:@jsquash/webp@^1.5.0/codec/dec/webp_dec.wasm"),
  () => import("@jsquash/webp/codec/dec/webp_dec.js"),
);

const encoder: WasmCodec<EmscriptenInstance<Encoder>> = emscriptenCodec(
  "webpEncode",
  () => import.meta.resolve("npm:@jsquash/webp@^1.5.0/codec/enc/webp_enc_simd.wasm"),
  () => import("@jsquash/webp/codec/enc/webp_enc_simd.js"),
);

/** The largest width and height of the format. */
export const maxWebpSide = 16383;

/** Decodes a still WebP file to RGBA without applying its orientation. May throw any error if the file is damaged. */
export function decodeWebp(bytes: Uint8Array, pixels: number): Promise<Rgba> {
  return decoder.run(pixels, ({ module }) => {
    const decoded = module.decode(bytes);
    if (!decoded) throw new ImageError("Cannot decode the WebP image", { got: "a damaged file" });
    return decoded;
  });
}

/** Encodes an image as a WebP file with a quality of 0 to 100; 100 is lossless. */
export async function encodeWebp(image: Image, quality: number): Promise<Uint8Array> {
  const { defaultOptions } = await import("@jsquash/webp/meta.js");
  return await encoder.run(image.width * image.height, ({ module }) => {
    const options = { ...defaultOptions, quality, lossless: quality === 100 ? 1 : 0 };
    const file = module.encode(toRgba(image), image.width, image.height, options);
    if (!file) throw new ImageError("Cannot encode the WebP image");
    return Uint8Array.from(file);
  });
}
