import type { Orientation } from "./exif.ts";
import type { Image, Rgb } from "./image.ts";
import { createImage } from "./image.ts";

/** An image in the codecs' format: 8-bit RGBA with straight alpha, 4 bytes per pixel. */
export interface Rgba {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

/** Converts RGB to RGBA with opaque alpha. */
export function toRgba({ data }: Image): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array((data.length / 3) * 4);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    rgba[to] = data[from]!;
    rgba[to + 1] = data[from + 1]!;
    rgba[to + 2] = data[from + 2]!;
    rgba[to + 3] = 255;
  }
  return rgba;
}

/**
 * Blends an image with a background and applies its orientation.
 *
 * Each channel is `(alpha · colour + (255 − alpha) · background) / 255`, rounded.
 */
export function flatten(
  { width, height, data }: Rgba,
  options: { orientation: Orientation; background: Rgb },
): Image {
  const { orientation, background: [red, green, blue] } = options;
  const turned = orientation >= 5;
  const image = createImage(turned ? { width: height, height: width } : { width, height });
  const out = image.data;
  // Stored pixel (x, y) moves to start + x · stepX + y · stepY, in pixels.
  const mirrorX = [2, 3, 7, 8].includes(orientation), mirrorY = [3, 4, 6, 7].includes(orientation);
  const unitX = turned ? height : 1, unitY = turned ? 1 : width;
  const stepX = mirrorX ? -unitX : unitX, stepY = mirrorY ? -unitY : unitY;
  const start = (mirrorX ? (width - 1) * unitX : 0) + (mirrorY ? (height - 1) * unitY : 0);
  for (let y = 0, from = 0; y < height; y++) {
    let to = (start + y * stepY) * 3;
    for (let x = 0; x < width; x++, from += 4, to += stepX * 3) {
      const alpha = data[from + 3]!;
      if (alpha === 255) {
        out[to] = data[from]!;
        out[to + 1] = data[from + 1]!;
        out[to + 2] = data[from + 2]!;
      } else {
        const rest = 255 - alpha;
        out[to] = (alpha * data[from]! + rest * red) / 255 + 0.5;
        out[to + 1] = (alpha * data[from + 1]! + rest * green) / 255 + 0.5;
        out[to + 2] = (alpha * data[from + 2]! + rest * blue) / 255 + 0.5;
      }
    }
  }
  return image;
}
