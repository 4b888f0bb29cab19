import { ArgumentError } from "../tensor/errors.ts";
import type { Image } from "./image.ts";
import { checkImage } from "./image.ts";

/**
 * Peak signal-to-noise ratio in dB of two pictures: `−10 · log10(mean((a/255 − b/255)²))`; infinite where they are equal.
 * Throws `ArgumentError` where their sizes differ.
 */
export function psnr(a: Image, b: Image): number {
  checkImage(a, "compare the pictures");
  checkImage(b, "compare the pictures");
  if (a.width !== b.width || a.height !== b.height) {
    throw new ArgumentError("Cannot compare the pictures", {
      expected: `two of ${a.width}×${a.height}`,
      got: `${b.width}×${b.height}`,
    });
  }
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i]! - b.data[i]!) ** 2;
  return -10 * Math.log10(sum / a.data.length / 255 ** 2);
}
