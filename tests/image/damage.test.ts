import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import type { Image } from "../../src/image/image.ts";
import { concat } from "../../src/io/concat.ts";
import { ImageError } from "../../src/tensor/errors.ts";
import { encodeBy, pictured } from "./encoders.ts";
import { goldenFiles, imageError } from "./support.ts";

const test = suite("damage that formats do not tell");

const bit = fc.boolean(), percent = fc.nat(100);
const picture = fc.record({
  width: fc.integer({ min: 1, max: 70 }),
  height: fc.integer({ min: 1, max: 70 }),
  seed: fc.nat(999),
  kind: fc.constantFrom("smooth", "noise", "two colours", "white"),
}).map(({ kind, seed, ...size }) => {
  const image = pictured(size, seed), { data } = image;
  const noise = (i: number) => Math.imul(i + seed, 0x9e3779b1) >>> 24;
  if (kind !== "smooth") data.forEach((_, i) => i % 4 < 3 && (data[i] = kind === "noise" ? noise(i) : 255));
  if (kind === "two colours") data.forEach((_, i) => i % 4 < 3 && (data[i] = noise(i) & 128 ? 255 : 0));
  return image;
});

test("whole JPEGs are read, however they are encoded", async () => {
  const options = fc.record({
    quality: percent,
    progressive: bit,
    baseline: bit,
    color_space: fc.constantFrom(1, 3),
    auto_subsample: bit,
    chroma_subsample: fc.integer({ min: 1, max: 2 }),
    trellis_multipass: bit,
    trellis_opt_zero: bit,
    quant_table: fc.nat(8),
    smoothing: fc.nat(50),
  });
  const run = fc.asyncProperty(picture, options, async (image, options) => {
    const { width, height } = await decodeImage(await encodeBy("jpeg", image, options));
    assert.equal([width, height], [image.width, image.height]);
  });
  await fc.assert(run, { numRuns: 60 });
});

test("whole WebPs are read, however they are encoded", async () => {
  const options = fc.record({
    quality: percent,
    lossless: fc.nat(1),
    method: fc.nat(6),
    segments: fc.integer({ min: 1, max: 4 }),
    partitions: fc.nat(3),
    alpha_compression: fc.nat(1),
    alpha_filtering: fc.nat(2),
    alpha_quality: percent,
    near_lossless: percent,
    preprocessing: fc.nat(2),
  });
  const run = fc.asyncProperty(picture, options, bit, async (image, options, isClear) => {
    if (isClear) {
      image.data.forEach((value, i) => i % 4 === 3 && (image.data[i] = image.data[i - 1]! ^ value));
    }
    const { width, height } = await decodeImage(await encodeBy("webp", image, options));
    assert.equal([width, height], [image.width, image.height]);
  });
  await fc.assert(run, { numRuns: 60 });
});

/** What happens to files, and the least share of it that is found, in percent, for each kind of file. */
const kinds = {
  baseline: { format: "jpeg", options: { progressive: false }, flips: 12, zeros: 85 },
  progressive: { format: "jpeg", options: {}, flips: 25, zeros: 85 },
  lossy: { format: "webp", options: {}, flips: 75, zeros: 85 },
  lossless: { format: "webp", options: { lossless: 1, quality: 100 }, flips: 2, zeros: 90 },
} as const;
const damages = {
  flips: (file: Uint8Array, at: number) => file[at]! ^= 1 << at % 8,
  zeros: (file: Uint8Array, at: number) => file.fill(0, at, at + 64),
};

for (const [name, { format, options, ...least }] of Object.entries(kinds)) {
  test(`${name} ${format}: most of what can be found is`, async () => {
    const file = await encodeBy(format, pictured({ width: 160, height: 120 }, 5), options);
    const whole = await decodeImage(file);
    const first = format === "webp"
      ? 40
      : file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xda) + 14;
    for (const [kind, damage] of Object.entries(damages)) {
      let found = 0, all = 0;
      for (let i = 0; i < 80; i++) {
        const damaged = file.slice();
        damage(damaged, first + Math.floor((i + 0.5) * (file.length - first - 70) / 80));
        const image = await decodeImage(damaged).catch((error) => error);
        if (!(image instanceof ImageError) && equal(image, whole)) continue;
        all++;
        if (image instanceof ImageError) found++;
      }
      assert.ok(found >= all * least[kind as keyof typeof damages] / 100, `${kind}: ${found} of ${all}`);
    }
  });
}

const pictures = new URL("../golden/pictures/", import.meta.url);
const restarts = await Deno.readFile(new URL("cmyk_restarts.jpg", pictures));
const plain = goldenFiles.get("rgb.jpg")!.bytes, progressive = goldenFiles.get("progressive.jpg")!.bytes;

test("damage is named", async () => {
  const named = async (file: Uint8Array, expected: RegExp) =>
    assert.match((await imageError(() => decodeImage(file))).message, expected);
  const marker = restarts.findIndex((byte, i) => byte === 0xff && (restarts[i + 1]! & 0xf8) === 0xd0);
  const other = restarts.slice();
  other[marker + 1]! ^= 5;
  await named(other, /got restart marker 5 in place of restart marker 0/);
  await named(without(restarts, marker, 2), /got (more of it|the end|none in place|restart marker 1)/);
  const tall = await encodeBy("jpeg", pictured({ width: 60, height: 60 }, 3), { progressive: false });
  const frame = tall.findIndex((byte, i) => byte === 0xff && tall[i + 1] === 0xc0);
  const higher = tall.slice(), lower = tall.slice();
  higher[frame + 6]! += 32;
  lower[frame + 6]! -= 32;
  await named(higher, /the end of the data before that of the image|a code that its Huffman table lacks/);
  await named(lower, /more of it than the image has pixels/);
});

test("bytes between and behind what makes the pixels change nothing", async () => {
  for (const file of [plain, progressive]) {
    const whole = await decodeImage(file);
    const text = new TextEncoder().encode("written by a camera, behind the image");
    for (
      const extra of [new Uint8Array(40), Uint8Array.of(0xff, 0xff), Uint8Array.of(0xff, 0, 0xff, 0), text]
    ) {
      const behind = concat([file.subarray(0, -2), extra, file.subarray(-2)]);
      assert.equal(await decodeImage(behind), whole);
    }
    const table = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc4);
    assert.equal(await decodeImage(concat([file.subarray(0, table), text, file.subarray(table)])), whole);
  }
});

test("a WebP whose canvas is no image's is refused", async () => {
  const file = goldenFiles.get("lossy_alpha.webp")!.bytes.slice();
  file[24]! += 8;
  assert.match(
    (await imageError(() => decodeImage(file))).message,
    /expected an image of \d+×\d+ as its header/,
  );
});

function equal(a: Image, b: Image): boolean {
  return a.data.length === b.data.length && a.data.every((value, i) => value === b.data[i]);
}

function without(bytes: Uint8Array, at: number, count: number): Uint8Array {
  return concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
}

test.run();
