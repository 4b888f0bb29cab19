import type { Image } from "./image.ts";
import { createImage } from "./image.ts";
import { centerCrop, crop, resizeShorterSide } from "./resize.ts";

/** How an image becomes a square for a model. */
export interface Preparation {
  /** Pixels of a side. */
  readonly size: number;
  /** Where the square is cut out of the longer side: in the middle, or 0 for its first place up to below 1. */
  readonly crop: "center" | number;
  /** Whether left and right are exchanged. */
  readonly mirrored: boolean;
}

/**
 * Resizes the shorter side to `size`, cuts a square out and mirrors it. Among the m + 1 places that a margin of m
 * pixels allows, `crop` in [0, 1) takes ⌊crop · (m + 1)⌋.
 * Throws `ArgumentError` where `size` is not a positive integer.
 */
export function prepareImage(image: Image, { size, crop: at, mirrored }: Preparation): Image {
  const isSquare = image.width === size && image.height === size;
  const resized = isSquare ? image : resizeShorterSide(image, size);
  const { width, height } = resized;
  const place = (margin: number) => Math.min(margin, Math.floor(Number(at) * (margin + 1)));
  const square = at === "center"
    ? centerCrop(resized, size)
    : crop(resized, { left: place(width - size), top: place(height - size), width: size, height: size });
  return mirrored ? mirror(square) : square;
}

/** Exchanges left and right. */
export function mirror({ width, height, data }: Image): Image {
  const image = createImage({ width, height });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3, to = (y * width + width - 1 - x) * 3;
      image.data[to] = data[from]!;
      image.data[to + 1] = data[from + 1]!;
      image.data[to + 2] = data[from + 2]!;
    }
  }
  return image;
}
