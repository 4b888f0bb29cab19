import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decoderOf } from "../../src/image/codec.ts";
import { decodePng } from "../../src/image/decode_png.ts";
import { readHeader } from "../../src/image/header.ts";
import { createImage, type Image } from "../../src/image/image.ts";
import { toImageData } from "../../src/image/image_data.ts";
import { readImage } from "../../src/image/read.ts";
import { imagesOf } from "../../src/image/take_images.ts";
import { ArgumentError, BackendError, VokenError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { goldenFiles, patterned } from "./support.ts";

const test = suite("forms of images");

const image = patterned(7, 5), { width, height } = image;
const allPass = () => Promise.resolve();

test("ImageData with alpha is blended as a file with alpha is", async () => {
  for (const name of ["rgba.png", "palette_alpha.png", "lossless_alpha.webp"]) {
    const { bytes } = goldenFiles.get(name)!, header = readHeader(bytes);
    const decode = header.format === "png" ? decodePng : await decoderOf(header.format);
    const { width, height, data } = await decode(bytes, header);
    const pixels = { width, height, data: new Uint8ClampedArray(data) };
    assert.ok(data.some((value, i) => i % 4 === 3 && value < 255), `${name} has alpha`);
    const given = new ImageData(pixels.data, width, height);
    for (const background of [undefined, [200, 10, 60]] as const) {
      const expected = await readImage(bytes, { background });
      assert.equal(await readImage(pixels, { background }), expected);
      assert.equal(await readImage(given, { background }), expected);
    }
  }
});

test("toImageData and back gives the same image", async () => {
  const pixels = toImageData(image);
  assert.instance(pixels, ImageData);
  assert.is(pixels.colorSpace, "srgb");
  assert.equal(await readImage(pixels), image);
  const { ImageData: hostClass } = globalThis;
  Reflect.deleteProperty(globalThis, "ImageData");
  try {
    assert.equal(toImageData(image), { width, height, data: pixels.data, colorSpace: "srgb" });
  } finally {
    globalThis.ImageData = hostClass;
  }
});

test("files come as bytes, as an ArrayBuffer, or as a Blob; several forms at once keep their order", async () => {
  const { bytes, image: expected } = goldenFiles.get("rgb.png")!;
  const file = new Uint8Array(bytes);
  for (const source of [file, file.buffer, new Blob([file])]) assert.equal(await readImage(source), expected);
  const forms = [image, new File([file], "a.png"), toImageData(image), new Blob([file])];
  assert.equal(await imagesOf(forms, { action: "test", check: allPass }), [image, expected, image, expected]);
});

test("images can be sent to a worker", () => {
  assert.equal(structuredClone(image), image);
});

test("what is no image is refused with what came", async () => {
  const rgba = new Uint8ClampedArray(width * height * 4);
  const cases: [unknown, RegExp][] = [
    ["a.png", /expected an image, got "a.png"; read it by readImage first/],
    [new Uint8Array(3), /got a Uint8Array of 3 bytes; read it by readImage first/],
    [f32Tensor([1, 3, 2, 2]), /got a tensor f32 \[1,3,2,2\]; give tensors to encodeTensor/],
    [Promise.resolve(image), /got a promise; put await before it/],
    [
      { width, height, data: new Uint8Array(rgba) },
      /expected 105 bytes of RGB for 7×5, got 140 bytes; leave the alpha/,
    ],
    [{ width, height, data: rgba.subarray(4) }, /expected 140 bytes of RGBA for 7×5, got 136/],
    [{ width, height, data: rgba, colorSpace: "display-p3" }, /colorSpace: expected srgb, got "display-p3"/],
    [{ width: 0, height, data: rgba }, /width: expected a positive integer, got 0/],
    [undefined, /expected an image \{ width, height, data \} of RGB bytes, got nothing/],
  ];
  for (const [input, message] of cases) {
    const error = await thrown(() =>
      imagesOf([input as Image], { action: "encode the image", check: allPass })
    );
    assert.instance(error, ArgumentError);
    assert.match((error as Error).message, message);
  }
  const bitmap = await createImageBitmap(new ImageData(2, 2));
  const error = await thrown(() => imagesOf([bitmap], { action: "encode the image", check: allPass }));
  assert.instance(error, BackendError);
  assert.match((error as Error).message, /expected a browser's canvas, got a host without one/);
});

test("nothing that is given as an image causes an untyped error", async () => {
  const side = fc.oneof(fc.integer({ min: -1, max: 3 }), fc.anything());
  const bytes = fc.oneof(
    fc.uint8ClampedArray({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.anything(),
  );
  const like = fc.record({ width: side, height: side, data: bytes }, { requiredKeys: [] });
  const drawable = fc.record({ width: side, height: side, close: fc.constant(() => {}) });
  const anything = fc.oneof(fc.anything({ withNullPrototype: true, withTypedArray: true }), like, drawable);
  await fc.assert(fc.asyncProperty(anything, anything, async (input, options) => {
    for (
      const work of [
        () => imagesOf([input as Image], { action: "test", check: allPass }),
        () => readImage(input as Image, options as object),
      ]
    ) {
      const error = await thrown(work);
      if (error !== undefined) assert.instance(error, VokenError);
    }
  }));
});

test("an odd background is refused", async () => {
  for (const background of ["white", [1, 2], [1, 2, 256], null]) {
    const error = await thrown(() =>
      readImage(createImage({ width: 1, height: 1 }), { background: background as never })
    );
    assert.match((error as Error).message, /background: expected red, green and blue from 0 to 255/);
  }
});

async function thrown(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
}

test.run();
