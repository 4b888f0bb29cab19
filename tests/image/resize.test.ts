import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { filledImage } from "../../src/image/image.ts";
import { centerCrop, resize, resizeShorterSide } from "../../src/image/resize.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { goldenResizes, patterned } from "./support.ts";

const test = suite("resize");
const side = fc.integer({ min: 1, max: 40 });

test("equals Pillow's bilinear filter bit by bit", () => {
  for (const { from, to } of goldenResizes) {
    assert.equal(resize(from, to), to, `${from.width}×${from.height} → ${to.width}×${to.height}`);
  }
});

test("keeps a flat colour, and an image of the same size in a copy", () => {
  fc.assert(fc.property(side, side, side, side, fc.nat(255), (width, height, w, h, value) => {
    const to = { width: w, height: h };
    const flat = resize(filledImage({ width, height }, [value, 0, 255]), to);
    assert.equal(flat, filledImage(to, [value, 0, 255]));
    const image = patterned(width, height);
    const same = resize(image, { width, height });
    assert.equal(same, image);
    assert.is.not(same.data, image.data);
  }));
});

test("the shorter side gets the size, the longer one is truncated", () => {
  const sizeOf = (width: number, height: number, size: number) => {
    const image = resizeShorterSide(patterned(width, height), size);
    return [image.width, image.height];
  };
  assert.equal(sizeOf(30, 20, 7), [10, 7]);
  assert.equal(sizeOf(20, 39, 8), [8, 15]);
  assert.equal(sizeOf(20, 20, 8), [8, 8]);
});

test("crops the middle", () => {
  fc.assert(fc.property(side, side, (width, height) => {
    const image = patterned(width, height), size = Math.min(width, height);
    const crop = centerCrop(image, size);
    const places = [];
    for (let left = 0; left <= width - size; left++) {
      for (let top = 0; top <= height - size; top++) {
        const rows = Array.from({ length: size }, (_, y) => {
          const from = ((top + y) * width + left) * 3;
          return [...image.data.subarray(from, from + size * 3)];
        }).flat();
        if (rows.every((value, i) => value === crop.data[i])) places.push([left, top]);
      }
    }
    const near = ([left, top]: number[]) =>
      Math.abs(left! - (width - size) / 2) <= 0.5 && Math.abs(top! - (height - size) / 2) <= 0.5;
    assert.ok(places.some(near), JSON.stringify(places));
  }));
  // Python's round(0.5) is 0 and round(1.5) is 2.
  assert.is(centerCrop(patterned(4, 3), 3).data[0], patterned(4, 3).data[0]);
  assert.is(centerCrop(patterned(6, 3), 3).data[0], patterned(6, 3).data[6]);
});

test("sides that are no positive integers, and crops beyond the image, are refused", () => {
  for (const width of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => resize(patterned(2, 2), { width, height: 2 }),
      (error: unknown) => error instanceof ArgumentError,
    );
  }
  assert.throws(() => centerCrop(patterned(2, 3), 3), /at least 3, got 2×3/);
});

test.run();
