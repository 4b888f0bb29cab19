import { suite } from "uvu";
import * as assert from "uvu/assert";
import { contactSheet } from "../../src/image/contact_sheet.ts";
import { filledImage } from "../../src/image/image.ts";
import { psnr } from "../../src/image/metrics.ts";

const test = suite("contact sheet, psnr");

test("images stand in a grid with gaps, scaled by squares", () => {
  const red = filledImage({ width: 1, height: 1 }, [9, 0, 0]),
    blue = filledImage({ width: 2, height: 1 }, [0, 0, 5]);
  const sheet = contactSheet([[red, blue], [blue]], { scale: 2, gap: 1, background: [1, 1, 1] });
  const image = Array.from(
    { length: sheet.height },
    (_, y) =>
      Array.from({ length: sheet.width }, (_, x) => {
        const [r, g, b] = sheet.data.subarray((y * sheet.width + x) * 3, (y * sheet.width + x) * 3 + 3);
        return r === 9 ? "r" : b === 5 ? "b" : r === 1 && g === 1 && b === 1 ? "." : "?";
      }).join(""),
  );
  assert.equal(image, [
    "...........",
    ".rr...bbbb.",
    ".rr...bbbb.",
    "...........",
    ".bbbb......",
    ".bbbb......",
    "...........",
  ]);
  assert.throws(() => contactSheet([[]]), /at least one image/);
  assert.throws(() => contactSheet([[red]], { gap: -1 }), /gap: expected a whole number from 0 on, got -1/);
});

test("psnr of a known difference", () => {
  const a = filledImage({ width: 3, height: 2 }, [10, 20, 30]),
    b = filledImage({ width: 3, height: 2 }, [11, 21, 31]);
  assert.ok(Math.abs(psnr(a, b) - 20 * Math.log10(255)) < 1e-9);
  assert.is(psnr(a, a), Infinity);
  assert.throws(() => psnr(a, filledImage({ width: 2, height: 3 }, [0, 0, 0])), /3×2, got 2×3/);
});

test.run();
