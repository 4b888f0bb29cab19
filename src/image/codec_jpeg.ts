import { defaultOptions } from "@jsquash/jpeg/meta.js";
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
  decode(bytes: Uint8Array, preserveOrientation: boolean): Rgba | null;
}

interface Encoder {
  encode(rgba: Uint8Array, width: number, height: number, options: Record<string, unknown>): Uint8Array;
}

const decoder: WasmCodec<EmscriptenInstance<Decoder>> = emscriptenCodec(
  "jpegDecode",
  () => import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js"),
  () => import("./_generated_jpeg.ts"),
);

const encoder: WasmCodec<EmscriptenInstance<Encoder>> = emscriptenCodec(
  "jpegEncode",
  () => import("@jsquash/jpeg/codec/enc/mozjpeg_enc.js"),
);

/** Warnings of damage to the image. Others, such as "extraneous bytes before marker", are harmless. */
const damage = /premature end|bad Huffman code|instead of RST|Inconsistent progression/i;

export const codec: Codec = { decode, encode, prepare: () => decoder.prepare() };

/** Decodes a JPEG file to RGBA without applying its orientation. May throw any error if the file is damaged. */
function decode(bytes: Uint8Array, { width, height }: ImageHeader): Promise<Rgba> {
  return decoder.run(width * height, ({ module, log }) => {
    log.length = 0;
    const decoded = module.decode(bytes, false);
    const warning = log.find((line) => damage.test(line));
    if (decoded && !warning) return decoded;
    throw new ImageError("Cannot decode the JPEG image", {
      got: "damaged image data",
      hint: "the file is damaged; fetch it again",
      cause: warning,
    });
  });
}

/** Encodes an image as a progressive JPEG file with a quality of 0 to 100. */
function encode(image: Image, quality: number): Promise<Uint8Array> {
  return encoder.run(image.width * image.height, ({ module }) => {
    const options = { ...defaultOptions, quality };
    return Uint8Array.from(module.encode(toRgba(image), image.width, image.height, options));
  });
}
