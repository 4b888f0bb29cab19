import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { readHeader } from "../../src/image/header.ts";
import { filledImage } from "../../src/image/image.ts";
import { psnr } from "../../src/image/metrics.ts";
import { readImage } from "../../src/image/read.ts";
import { resize } from "../../src/image/resize.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { buildPng, goldenFiles, imageError, maxDifference, patterned } from "./support.ts";

const test = suite("decode, encode, read");

for (const [name, { bytes, image }] of goldenFiles) {
  test(`${name} gives Pillow's pixels`, async () => {
    const decoded = await decodeImage(bytes);
    assert.equal([decoded.width, decoded.height], [image.width, image.height]);
    // Lossy decoders and alpha blending may round differently; everything else is exact.
    const tolerance = /jpg|lossy/.test(name) ? 3 : /alpha|rgba/.test(name) ? 1 : 0;
    assert.ok(
      maxDifference(decoded.data, image.data) <= tolerance,
      `${maxDifference(decoded.data, image.data)}`,
    );
  });
}

test("16-bit colour and grey with alpha are truncated to 8 bits; the background is an option", async () => {
  const rgb16 = buildPng(Uint8Array.of(0, 1, 2, 3, 4, 5, 6), { width: 1, height: 1, bitDepth: 16 });
  assert.equal([...(await decodeImage(rgb16)).data], [1, 3, 5]);
  const greyAlpha = buildPng(Uint8Array.of(0, 100, 9, 0, 0), {
    width: 1,
    height: 1,
    bitDepth: 16,
    colorType: 4,
  });
  assert.equal([...(await decodeImage(greyAlpha)).data], [255, 255, 255]);
  assert.equal([...(await decodeImage(greyAlpha, { background: [1, 2, 3] })).data], [1, 2, 3]);
});

test("an interlaced PNG", async () => {
  const rows = Uint8Array.of(0, 10, 0, 20, 0, 30, 40);
  const png = buildPng(rows, { width: 2, height: 2, colorType: 0, interlace: 1 });
  assert.equal([...(await decodeImage(png)).data].filter((_, i) => i % 3 === 0), [10, 20, 30, 40]);
});

test("encoded images decode to similar images", async () => {
  const image = resize(patterned(5, 4), { width: 61, height: 47 });
  assert.equal(await decodeImage(await encodeImage(image, { format: "png" })), image);
  assert.equal(await decodeImage(await encodeImage(image, { format: "webp", quality: 100 })), image);
  for (const format of ["jpeg", "webp"] as const) {
    const good = await encodeImage(image, { format }),
      poor = await encodeImage(image, { format, quality: 20 });
    assert.is(readHeader(good).format, format);
    assert.ok(poor.length < good.length);
    assert.ok(psnr(await decodeImage(good), image) > 30, format);
  }
});

test("invalid arguments of encoding are rejected", async () => {
  const wide = filledImage({ width: 16384, height: 1 }, [0, 0, 0]);
  const refused = async (work: () => Promise<unknown>) => {
    assert.instance(await work().then(() => undefined, (error) => error), ArgumentError);
  };
  await refused(() => encodeImage(wide, { format: "webp" }));
  await refused(() => encodeImage(wide, { format: "gif" as "png" }));
  await refused(() => encodeImage(wide, { format: "png", quality: 101 }));
  await refused(() => encodeImage({ ...wide, width: 3 }, { format: "png" }));
});

test("reads paths, file URLs, blobs and bytes, and names the file in errors", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { bytes, image } = goldenFiles.get("rgb.png")!;
    const path = `${folder}/a.png`, text = `${folder}/text.png`;
    await Deno.writeFile(path, bytes);
    await Deno.writeTextFile(text, "not an image");
    for (const source of [path, new URL(`file://${path}`), new Blob([new Uint8Array(bytes)]), bytes]) {
      assert.equal(await readImage(source), image);
    }
    assert.match(
      (await imageError(() => readImage(text))).message,
      /text\.png.*text starting "not an image"/,
    );
    assert.match((await imageError(() => readImage(`${folder}/none`))).message, /none.*no such file/);
    await imageError(() => readImage(folder));
    await imageError(() => readImage(new URL("http://localhost/a.png")));
    assert.match((await imageError(() => readImage(path, { maxPixels: 10 }))).message, /maxPixels/);
    // Longer than the beginning that is read first, in which the size must be found.
    const long = new Blob([new Uint8Array(bytes), new Uint8Array(300_000)]);
    assert.equal(await readImage(long), image);
    assert.match((await imageError(() => readImage(long, { maxPixels: 10 }))).message, /maxPixels/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

test.run();
