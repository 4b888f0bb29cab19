import { suite } from "uvu";
import * as assert from "uvu/assert";
import { filledImage, type Image } from "../../src/image/image.ts";
import { meanGradient, psnr, ssim } from "../../src/image/metrics.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";

const test = suite("likeness of images");

/** What `tests/golden/metrics.py` wrote. */
const golden: { width: number; height: number; sums: number[]; ssim: number; gradient: number }[] = JSON
  .parse(
    await Deno.readTextFile(new URL("../golden/metrics.json", import.meta.url)),
  );

/** The image that the script calls so. */
function image(width: number, height: number, seed: number): Image {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) =>
      Math.min(255, Math.max(0, Math.floor(128 + 90 * Math.sin(i / (seed * 11)) + 30 * Math.cos(i / 3)))),
  );
  return { width, height, data };
}

test("SSIM and gradients are those of NumPy, window by window", () => {
  assert.is(golden.length, 3);
  for (const { width, height, ...expected } of golden) {
    const a = image(width, height, 1), b = image(width, height, 2);
    assert.equal([a, b].map(({ data }) => data.reduce((sum, value) => sum + value, 0)), expected.sums);
    assert.ok(Math.abs(ssim(a, b) - expected.ssim) < 1e-10, `${width}×${height}: ${ssim(a, b)}`);
    assert.ok(Math.abs(meanGradient(a) - expected.gradient) < 1e-9, `${width}×${height}: ${meanGradient(a)}`);
    assert.ok(Math.abs(ssim(a, a) - 1) < 1e-12);
  }
});

test("SSIM is defined for flat images", () => {
  const flat = filledImage({ width: 8, height: 8 }, [10, 10, 10]);
  assert.ok(Math.abs(ssim(flat, flat) - 1) < 1e-12);
  assert.is(psnr(flat, flat), Infinity);
  assert.is(meanGradient(flat), 0);
});

test("images that cannot be compared are refused", () => {
  const of = (width: number, height: number) => filledImage({ width, height }, [0, 0, 0]);
  for (
    const compare of [
      () => ssim(of(8, 8), of(8, 9)),
      () => psnr(of(8, 8), of(9, 8)),
      () => ssim(of(6, 9), of(6, 9)),
      () => meanGradient(of(1, 9)),
    ]
  ) {
    assert.throws(compare, (error: unknown) => error instanceof ArgumentError);
  }
});

test.run();
