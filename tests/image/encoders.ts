/** Encoders of JPEG and WebP with all their options, of which `encodeImage` sets few. */
import { defaultOptions as jpegOptions } from "@jsquash/jpeg/meta.js";
import { defaultOptions as webpOptions } from "@jsquash/webp/meta.js";
import { emscriptenCodec } from "../../src/image/codec_emscripten.ts";
import type { Rgba } from "../../src/image/rgba.ts";

interface Encoder {
  encode(rgba: Uint8Array, width: number, height: number, options: Record<string, unknown>): Uint8Array;
}

const jpeg = emscriptenCodec<Encoder>("jpegEncode", () => import("@jsquash/jpeg/codec/enc/mozjpeg_enc.js"));
const webp = emscriptenCodec<Encoder>("webpEncode", () => import("@jsquash/webp/codec/enc/webp_enc_simd.js"));

/** Encodes by MozJPEG or libwebp. */
export function encodeBy(
  format: "jpeg" | "webp",
  { width, height, data }: Rgba,
  options: Record<string, unknown>,
): Promise<Uint8Array> {
  const [codec, defaults] = format === "jpeg" ? [jpeg, jpegOptions] : [webp, webpOptions];
  return codec.run(
    width * height,
    ({ module }) =>
      Uint8Array.from(module.encode(data as Uint8Array, width, height, { ...defaults, ...options })),
  );
}

/** A picture of noise that is smooth at several scales, as photographs are, from a seed. */
export function pictured({ width, height }: { width: number; height: number }, seed: number): Rgba {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < data.length; i++) {
    if (i % 4 === 3) continue;
    const x = (i >> 2) % width, y = Math.floor((i >> 2) / width), phase = seed + i % 4;
    const waves = [3, 7, 17, 41].map((wave, n) =>
      Math.sin((x * (n + 1) + y * (5 - n) + phase * 11) / wave) / (5 - n)
    );
    const grain = (Math.imul(i + seed, 0x9e3779b1) >>> 28) - 8;
    data[i] = Math.max(0, Math.min(255, 128 + 90 * waves.reduce((a, b) => a + b) + grain));
  }
  return { width, height, data };
}
