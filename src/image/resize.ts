import { ArgumentError } from "../tensor/errors.ts";
import type { Image } from "./image.ts";
import { checkSide, checkSize, createImage, takeImage } from "./image.ts";

/** Fraction bits of the weights: 32 bits without the 8 bits of a sample and 2 bits against overflow. */
const precisionBits = 32 - 8 - 2;
const half = 1 << (precisionBits - 1);

/** For each output position along an axis: the first input position, and integer weights of the inputs. */
interface Taps {
  starts: Int32Array;
  counts: Int32Array;
  /** `width` weights per position, of which the first `counts[position]` are used. */
  weights: Int32Array;
  width: number;
}

/**
 * Resizes with an antialiased triangle filter in two passes, with 8-bit intermediate results. The result is identical to
 * that of Pillow's `resize(…, BILINEAR)`. Throws `ArgumentError` if a side is not a positive integer.
 */
export function resize(image: Image, size: { width: number; height: number }): Image {
  image = takeImage(image, "resize the image");
  checkSize(size, "resize the image");
  const { width, height } = size;
  const across = width === image.width ? image : resizeRows(image, width);
  if (height !== image.height) return resizeColumns(across, height);
  return across === image ? { ...image, data: image.data.slice() } : across;
}

/**
 * Resizes the shorter side to `size` and the longer side to `⌊size · long / short⌋`, as torchvision does.
 * Throws `ArgumentError` if `size` is not a positive integer.
 */
export function resizeShorterSide(image: Image, size: number): Image {
  image = takeImage(image, "resize the image");
  checkSide(size, "resize the image: size");
  const { width, height } = image;
  const long = Math.floor(size * Math.max(width, height) / Math.min(width, height));
  return resize(image, width <= height ? { width: size, height: long } : { width: long, height: size });
}

/**
 * Crops a square of `size` × `size` from the centre. Odd margins are rounded half to even, as in torchvision.
 * Throws `ArgumentError` if the image is smaller.
 */
export function centerCrop(image: Image, size: number): Image {
  image = takeImage(image, "crop the image");
  checkSide(size, "crop the image: size");
  if (size > Math.min(image.width, image.height)) {
    throw new ArgumentError("Cannot crop the image", {
      expected: `sides of at least ${size}`,
      got: `${image.width}×${image.height}`,
      hint: "resize the image first",
    });
  }
  const left = halfToEven(image.width - size), top = halfToEven(image.height - size);
  return crop(image, { left, top, width: size, height: size });
}

/** Crops a rectangle. Throws `ArgumentError` if it is not within the image. */
export function crop(
  image: Image,
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
): Image {
  image = takeImage(image, "crop the image");
  const cut = createImage({ width, height });
  const isPlace = Number.isSafeInteger(left) && Number.isSafeInteger(top) && left >= 0 && top >= 0;
  if (!isPlace || left + width > image.width || top + height > image.height) {
    throw new ArgumentError("Cannot crop the image", {
      expected: `a rectangle within ${image.width}×${image.height}`,
      got: `${width}×${height} at ${left}, ${top}`,
    });
  }
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    cut.data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return cut;
}

/** `margin / 2`, rounded half to even. */
function halfToEven(margin: number): number {
  const below = Math.floor(margin / 2);
  return margin % 2 === 0 ? below : below + (below & 1);
}

function triangleTaps(from: number, to: number): Taps {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = filterScale;
  const width = Math.ceil(support) * 2 + 1;
  const taps: Taps = {
    starts: new Int32Array(to),
    counts: new Int32Array(to),
    weights: new Int32Array(to * width),
    width,
  };
  const row = new Float64Array(width);
  for (let place = 0; place < to; place++) {
    const center = (place + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const count = Math.min(Math.trunc(center + support + 0.5), from) - start;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      // Pillow multiplies by the reciprocal; a division could differ in the last bit.
      row[i] = Math.max(0, 1 - Math.abs((i + start - center + 0.5) * (1 / filterScale)));
      sum += row[i]!;
    }
    taps.starts[place] = start;
    taps.counts[place] = count;
    for (let i = 0; i < count; i++) {
      taps.weights[place * width + i] = Math.trunc(0.5 + (row[i]! / sum) * (1 << precisionBits));
    }
  }
  return taps;
}

function resizeRows(image: Image, width: number): Image {
  const { starts, counts, weights, width: stride } = triangleTaps(image.width, width);
  const out = createImage({ width, height: image.height });
  for (let y = 0, to = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      let red = half, green = half, blue = half;
      let from = (y * image.width + starts[x]!) * 3;
      for (let tap = x * stride, end = tap + counts[x]!; tap < end; tap++, from += 3) {
        const weight = weights[tap]!;
        red += weight * image.data[from]!;
        green += weight * image.data[from + 1]!;
        blue += weight * image.data[from + 2]!;
      }
      // The weights are non-negative and sum to 1, so that only rounding can exceed a byte.
      out.data[to] = Math.min(red >> precisionBits, 255);
      out.data[to + 1] = Math.min(green >> precisionBits, 255);
      out.data[to + 2] = Math.min(blue >> precisionBits, 255);
    }
  }
  return out;
}

function resizeColumns(image: Image, height: number): Image {
  const { starts, counts, weights, width: stride } = triangleTaps(image.height, height);
  const out = createImage({ width: image.width, height });
  const rowBytes = image.width * 3;
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    for (let i = 0; i < counts[y]!; i++) {
      const weight = weights[y * stride + i]!;
      const from = (starts[y]! + i) * rowBytes;
      for (let x = 0; x < rowBytes; x++) sums[x] = sums[x]! + weight * image.data[from + x]!;
    }
    for (let x = 0; x < rowBytes; x++) out.data[y * rowBytes + x] = Math.min(sums[x]! >> precisionBits, 255);
  }
  return out;
}
