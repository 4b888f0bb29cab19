import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { readHeader } from "../../src/image/header.ts";
import { UnsupportedImageError } from "../../src/image/header_type.ts";
import { ImageError } from "../../src/tensor/errors.ts";
import { concat } from "../../src/io/concat.ts";
import { goldenFiles, imageError } from "./support.ts";

const test = suite("kinds of images");

/** How files of other formats begin, and what errors call them. */
const others: readonly [string, RegExp][] = [
  ["GIF89a......", /a GIF; convert its first frame: ffmpeg/],
  ["BM......", /a BMP; convert it: magick in\.bmp/],
  ["II*\0....", /a TIFF/],
  ["MM\0*....", /a TIFF/],
  ["II+\0\x08\0\0\0", /a BigTIFF; convert it/],
  ["MM\0+\0\x08\0\0", /a BigTIFF/],
  ["\0\0\0\x20ftypavif....", /an AVIF/],
  ["\0\0\0\x18ftypheic....", /a HEIC/],
  ["\0\0\0\x0cJXL \r\n\x87\n", /a JPEG XL; convert it: djxl/],
  ["\xff\x0a....", /a JPEG XL/],
  ["\0\0\0\x0cjP  \r\n\x87\n", /a JPEG 2000; convert it/],
  ["\xff\x4f\xff\x51..", /a JPEG 2000/],
  ["8BPS\0\x01", /a PSD of Photoshop; convert it/],
  ["\0\0\x01\0\x01\0", /an ICO; convert it/],
  ["%PDF-1.7", /a PDF; convert a page/],
  ['<svg xmlns="http://www.w3.org/2000/svg">', /an SVG; convert it/],
  ['\xef\xbb\xbf<?xml version="1.0"?>\n<!-- by hand -->\n<svg >', /an SVG/],
  ["P6\n3 2\n255\n", /a PNM/],
  ["\0\0\0\x18ftypisom....", /a video/],
];

for (const [start, expected] of others) {
  test(`a file that begins with ${JSON.stringify(start)} is named`, async () => {
    const error = await imageError(() =>
      decodeImage(Uint8Array.from(start, (letter) => letter.charCodeAt(0)))
    );
    assert.match(error.message, expected);
    assert.instance(error, UnsupportedImageError);
  });
}

/** Markers of frames with other bits, and what errors call them. */
const frames: readonly [marker: number, bits: number, RegExp][] = [
  [0xc1, 12, /got 12 bits; convert it/],
  [0xc3, 8, /got lossless coding; convert it/],
  [0xc5, 8, /hierarchical/],
  [0xc9, 8, /arithmetic/],
  [0xca, 8, /arithmetic/],
  [0xf7, 8, /JPEG-LS/],
];

for (const [marker, bits, expected] of frames) {
  test(`a JPEG of frame ${marker.toString(16)} with ${bits} bits is named`, async () => {
    const bytes = goldenFiles.get("rgb.jpg")!.bytes.slice(), at = frameAt(bytes);
    bytes.set([marker], at + 1);
    bytes.set([bits], at + 4);
    const error = await imageError(() => decodeImage(bytes));
    assert.match(error.message, expected);
    assert.instance(error, UnsupportedImageError);
  });
}

test("no message repeats a codec's own words", async () => {
  const { bytes } = goldenFiles.get("rgb.jpg")!;
  for (let at = 2; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at]! ^= 0x10;
    try {
      await decodeImage(changed, { maxPixels: 4096 });
    } catch (error) {
      assert.instance(error, ImageError);
      assert.not.match((error as Error).message, /Sorry|Unsupported|Bogus|Corrupt|Premature|DHT|abort/);
    }
  }
});

test("a JPEG is as good with any metadata, wherever it stands", async () => {
  const { bytes, image } = goldenFiles.get("rgb.jpg")!, at = frameAt(bytes);
  const metadata = concat([
    Uint8Array.of(0xff, 0xfe, 0, 4, 0xff, 0xff),
    Uint8Array.of(0xff, 0xe2, 0, 16),
    new TextEncoder().encode("ICC_PROFILE\0\x01\x09"),
    Uint8Array.of(0xff, 0xed, 0xff, 0xff),
    new Uint8Array(0xfffd),
  ]);
  for (const place of [2, at]) {
    assert.equal(
      await decodeImage(concat([bytes.subarray(0, place), metadata, bytes.subarray(place)])),
      await decodeImage(bytes),
    );
  }
  assert.is(image.width, readHeader(bytes).width);
});

test("WebP: any metadata is passed over, and a frame lies on its canvas", async () => {
  const { bytes } = goldenFiles.get("lossy_alpha.webp")!, whole = await decodeImage(bytes);
  const junk = Uint8Array.of(0x58, 0x4d, 0x50, 0x20, 3, 0, 0, 0, 1, 2, 3, 0);
  const file = concat([bytes.subarray(0, 30), junk, bytes.subarray(30), junk]);
  new DataView(file.buffer).setUint32(4, file.length - 8, true);
  assert.equal(await decodeImage(file), whole);

  const animated = goldenFiles.get("animated.webp")!.bytes.slice(), first = await decodeImage(animated);
  assert.ok(readHeader(animated).animated);
  animated.set([first.width + 3, 0], 24);
  const placed = animated.indexOf("A".charCodeAt(0), 30);
  const frame = String.fromCharCode(...animated).indexOf("ANMF", placed) + 8;
  animated[frame] = 1;
  const wide = await decodeImage(animated);
  assert.is(wide.width, first.width + 4);
  assert.equal([...wide.data.subarray(0, 9)], [0, 0, 0, 0, 0, 0, ...first.data.subarray(0, 3)]);
  animated[frame] = 3;
  assert.match((await imageError(() => decodeImage(animated))).message, /a frame within/);
});

test.run();

/** Where the frame header of a baseline JPEG begins. */
function frameAt(bytes: Uint8Array): number {
  return bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
}
