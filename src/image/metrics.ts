import { ArgumentError } from "../tensor/errors.ts";
import type { Image } from "./image.ts";
import { takeImage } from "./image.ts";

/**
 * Peak signal-to-noise ratio of two images in dB: `−10 · log10(mean((a/255 − b/255)²))`. Infinite for equal images.
 * Throws `ArgumentError` if their sizes differ.
 */
export function psnr(a: Image, b: Image): number {
  [a, b] = takePair(a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return -10 * Math.log10(sum / a.data.length / 255 ** 2);
}

/** Size of SSIM's windows, and its constants for values in [0, 1]. */
const side = 7, c1 = 0.01 ** 2, c2 = 0.03 ** 2;

/**
 * Structural similarity of two images (Wang et al. 2004) as computed by scikit-image: the mean over channels and all
 * unweighted windows of 7×7, with sample variances (divided by n − 1). 1 for equal images.
 * Throws `ArgumentError` if their sizes differ or a side is shorter than 7.
 */
export function ssim(a: Image, b: Image): number {
  [a, b] = takePair(a, b);
  const { width, height } = a;
  if (Math.min(width, height) < side) {
    throw new ArgumentError("Cannot compare the images by SSIM", {
      expected: `sides of at least ${side}`,
      got: `${width}×${height}`,
    });
  }
  let total = 0;
  for (let channel = 0; channel < 3; channel++) {
    const each = (value: (i: number) => number) => windowSums(value, { width, height, channel });
    const p = each((i) => a.data[i]!), q = each((i) => b.data[i]!);
    const pp = each((i) => a.data[i]! ** 2), qq = each((i) => b.data[i]! ** 2);
    const pq = each((i) => a.data[i]! * b.data[i]!);
    for (let i = 0; i < p.length; i++) {
      total += windowSsim(p[i]!, q[i]!, { pp: pp[i]!, qq: qq[i]!, pq: pq[i]! });
    }
  }
  return total / (3 * (width - side + 1) * (height - side + 1));
}

/** SSIM of a window from the sums of its bytes, their squares and their products. */
function windowSsim(p: number, q: number, { pp, qq, pq }: { pp: number; qq: number; pq: number }): number {
  const n = side ** 2, unit = 1 / 255;
  const meanP = p / n * unit, meanQ = q / n * unit;
  const covariance = (product: number, x: number, y: number) => (product - x * y / n) / (n - 1) * unit ** 2;
  const spread = covariance(pp, p, p) + covariance(qq, q, q);
  return (2 * meanP * meanQ + c1) * (2 * covariance(pq, p, q) + c2) /
    ((meanP ** 2 + meanQ ** 2 + c1) * (spread + c2));
}

/** The sum of `value` over each window of a channel. It is exact, because all values are integers. */
function windowSums(
  value: (i: number) => number,
  { width, height, channel }: { width: number; height: number; channel: number },
): Float64Array {
  const columns = new Float64Array(width), across = width - side + 1;
  const sums = new Float64Array(across * (height - side + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 3 + channel;
      columns[x] = columns[x]! + value(i) - (y >= side ? value(i - side * width * 3) : 0);
    }
    if (y < side - 1) continue;
    let sum = 0;
    for (let x = 0; x < width; x++) {
      sum += columns[x]! - (x >= side ? columns[x - side]! : 0);
      if (x >= side - 1) sums[(y - side + 1) * across + x - side + 1] = sum;
    }
  }
  return sums;
}

/**
 * The mean length of an image's gradient: the mean of √(Δx² + Δy²) over pixels and channels, with forward differences
 * of bytes. It compares the sharpness of a reconstruction with that of its original.
 * Throws `ArgumentError` if a side is a single pixel.
 */
export function meanGradient(image: Image): number {
  const { width, height, data } = takeImage(image, "measure the image");
  if (Math.min(width, height) < 2) {
    throw new ArgumentError("Cannot measure the image", {
      expected: "sides of at least 2",
      got: `${width}×${height}`,
    });
  }
  let sum = 0;
  for (let y = 0; y < height - 1; y++) {
    for (let i = y * width * 3; i < (y * width + width - 1) * 3; i++) {
      sum += Math.hypot(data[i + 3]! - data[i]!, data[i + width * 3]! - data[i]!);
    }
  }
  return sum / ((width - 1) * (height - 1) * 3);
}

function takePair(...pair: [Image, Image]): [Image, Image] {
  const [a, b] = pair.map((image) => takeImage(image, "compare the images")) as [Image, Image];
  if (a.width === b.width && a.height === b.height) return [a, b];
  throw new ArgumentError("Cannot compare the images", {
    expected: `two of ${a.width}×${a.height}`,
    got: `${b.width}×${b.height}`,
  });
}
