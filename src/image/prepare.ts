import type { Image } from "./image.ts";
import { createImage } from "./image.ts";
import { centerCrop, crop, resizeShorterSide } from "./resize.ts";

/** How an image is converted to a square. */
export interface Preparation {
  /** Side of the square in pixels. */
  readonly size: number;
  /** Position of the square along the longer side: the centre, or a number in [0, 1) from first to last. */
  readonly crop: "center" | number;
  /** Whether the image is flipped horizontally. */
  readonly mirrored: boolean;
}

/**
 * Resizes the shorter side to `size`, crops a square and optionally mirrors it. Of the m + 1 positions in a margin of m
 * pixels, `crop` in [0, 1) selects number ⌊crop · (m + 1)⌋.
 * Throws `ArgumentError` if `size` is not a positive integer.
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

/** Flips an image horizontally. */
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
