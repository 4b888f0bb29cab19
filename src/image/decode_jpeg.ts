import type { ImageHeader } from "./header_type.ts";
import { withComponents } from "./jpeg_components.ts";
import { joinJpeg, type JpegPart, jpegParts } from "./jpeg_essential.ts";
import { adobeTransform } from "./jpeg_segments.ts";
import { checkScans } from "./jpeg_walk.ts";
import type { Rgba } from "./rgba.ts";

/** Decodes a file of the format's usual kind. */
export type Decode = (file: Uint8Array) => Promise<Rgba>;

/** Decodes a JPEG file, of which `decode` gets what makes the pixels. Throws `ImageError` if it is damaged. */
export async function decodeJpeg(
  bytes: Uint8Array,
  { channels }: ImageHeader,
  decode: Decode,
): Promise<Rgba> {
  const parts = jpegParts(bytes);
  checkScans(parts);
  return channels === 4 ? await decodeCmyk(parts, decode) : await decode(joinJpeg(parts));
}

/**
 * Codecs have no CMYK. They are given two files of three components each: C, M and Y, or their YCbCr, and C, Y and K as if they
 * were RGB. The inks, which files hold inverted, are multiplied as Pillow does.
 */
async function decodeCmyk(parts: readonly JpegPart[], decode: Decode): Promise<Rgba> {
  const transform = parts.map(adobeTransform).find((value) => value !== undefined) ?? 0;
  const isYcck = transform !== 0;
  const inks = await decode(withComponents(parts, { keep: [0, 1, 2], transform: isYcck ? 1 : 0 }));
  const { data: withBlack } = await decode(withComponents(parts, { keep: [0, 2, 3], transform: 0 }));
  const { width, height, data } = inks;
  const rgba = new Uint8Array(data.length);
  for (let at = 0; at < rgba.length; at += 4) {
    const light = withBlack[at + 2]!;
    for (let i = at; i < at + 3; i++) {
      const ink = isYcck ? data[i]! : 255 - data[i]!;
      rgba[i] = light - divide255(ink * light);
    }
    rgba[at + 3] = 255;
  }
  return { width, height, data: rgba };
}

/** `product / 255`, rounded. */
function divide255(product: number): number {
  const sum = product + 128;
  return ((sum >> 8) + sum) >> 8;
}
