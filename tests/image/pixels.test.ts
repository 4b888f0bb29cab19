import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { imagesToTensor, nchwToNhwc, nhwcToNchw, paddingTo, tensorToImages } from "../../src/image/pixels.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { patterned } from "./support.ts";

const test = suite("pixels");
const side = fc.integer({ min: 1, max: 20 });

test("bytes become u / 127.5 − 1", () => {
  const data = Uint8Array.of(0, 255, 51);
  const tensor = imagesToTensor([{ width: 1, height: 1, data }]);
  assert.equal(tensor.shape, [1, 3, 1, 1]);
  assert.equal([...tensor.data], [-1, 1, Math.fround(51 / 127.5 - 1)]);
});

test("values are clamped and truncated", () => {
  const [image] = tensorToImages(
    f32Tensor([1, 1, 3, 3], Float32Array.of(-2, 2, 0, 0.5, -0.5, 0.999, NaN, 1, -1)),
    { layout: "NHWC" },
  );
  assert.equal([...image!.data], [0, 255, 127, 191, 63, 254, 0, 255, 0]);
});

test("padding is symmetric with the smaller half before, of zeros, and crops away", () => {
  fc.assert(
    fc.property(
      side,
      side,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 3 }),
      (w, h, factor, n) => {
        const images = Array.from({ length: n }, () => patterned(w, h));
        const { width, height, left, top } = paddingTo({ width: w, height: h }, factor);
        assert.ok(width % factor === 0 && width - w < factor && height % factor === 0 && height - h < factor);
        assert.ok([0, 1].includes(width - w - 2 * left) && [0, 1].includes(height - h - 2 * top));
        const into = new Float32Array(n * width * height * 3 + 1).fill(7);
        const layout = "NHWC", tensor = imagesToTensor(images, { factor, into, layout });
        assert.equal(imagesToTensor(images, { factor }), nhwcToNchw(tensor));
        assert.is(tensor.data.buffer, into.buffer);
        assert.is(into.at(-1), 7);
        assert.equal(tensor.shape, [n, height, width, 3]);
        tensor.data.forEach((value, i) => {
          const x = Math.floor(i / 3) % width - left, y = Math.floor(i / 3 / width) % height - top;
          const inside = x >= 0 && x < w && y >= 0 && y < h;
          const want = inside ? Math.fround(images[0]!.data[(y * w + x) * 3 + i % 3]! / 127.5 - 1) : 0;
          if (value !== want) assert.unreachable(`element ${i} is ${value}, not ${want}`);
        });
        // Truncation may lose one step where u / 127.5 − 1 was rounded down.
        const crop = { width: w, height: h }, cropped = tensorToImages(tensor, { crop, layout });
        assert.equal(tensorToImages(nhwcToNchw(tensor), { crop }), cropped);
        for (const image of cropped) {
          assert.ok(image.data.every((value, i) => [0, 1].includes(images[0]!.data[i]! - value)));
        }
      },
    ),
  );
});

test("axes are reordered and ordered back", () => {
  fc.assert(fc.property(side, side, side, fc.integer({ min: 1, max: 3 }), (n, c, h, w) => {
    const tensor = f32Tensor([n, c, h, w], Float32Array.from({ length: n * c * h * w }, (_, i) => i));
    const swapped = nchwToNhwc(tensor);
    assert.equal(swapped.shape, [n, h, w, c]);
    const [in_, ic, ih, iw] = [n - 1, c >> 1, h >> 1, w >> 1];
    const from = ((in_ * c + ic) * h + ih) * w + iw;
    assert.is(swapped.data[((in_ * h + ih) * w + iw) * c + ic], from);
    assert.equal(nhwcToNchw(swapped), tensor);
  }));
});

test("batches of different sizes are rejected", () => {
  assert.throws(() => imagesToTensor([]), /at least one image/);
  assert.throws(() => imagesToTensor([patterned(2, 2), patterned(2, 3)]), /2×3 at 1/);
  assert.throws(() => imagesToTensor([patterned(2, 2)], { into: new Float32Array(11) }), /at least 12/);
  assert.throws(
    () => tensorToImages(f32Tensor([1, 2, 2, 3])),
    /expected f32 NCHW \[N,3,H,W\], got f32 \[1,2,2,3\]; give layout: "NHWC"$/,
  );
  assert.throws(() => tensorToImages(f32Tensor([1, 3, 2, 2]), { layout: "NHWC" }), /give layout: "NCHW"$/);
});

test.run();
