import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { readHeader } from "../../src/image/header.ts";
import { ImageError } from "../../src/tensor/errors.ts";
import { concat } from "../../src/io/concat.ts";
import { buildPng, goldenFiles, imageError } from "./support.ts";
import { cpuTime } from "../support/cpu_time.ts";

const test = suite("hostile images");
const maxPixels = 4096;
const samples = [
  "rgb.png",
  "palette_alpha.png",
  "rgb.jpg",
  "progressive.jpg",
  "lossy_alpha.webp",
  "lossless.webp",
];

test("a PNG of 12,000² is refused from its header", async () => {
  const png = concat([
    buildPng(new Uint8Array(1), { width: 12000, height: 12000 }).subarray(0, 33),
    new Uint8Array(560_000),
  ]);
  const before = Deno.memoryUsage().rss, times: number[] = [];
  let message = "";
  for (let i = 0; i < 5; i++) {
    const start = cpuTime();
    ({ message } = await imageError(() => decodeImage(png)));
    times.push(cpuTime() - start);
  }
  assert.ok(Math.min(...times) < 50, `${times} ms`);
  assert.ok(Deno.memoryUsage().rss - before < 50e6, "resident set");
  assert.match(message, /67108864 pixels.*12000×12000/);
});

test("zero sides, other formats and truncated headers are rejected", async () => {
  const refused = async (bytes: Uint8Array, pattern: RegExp) =>
    assert.match((await imageError(() => decodeImage(bytes))).message, pattern);
  await refused(new Uint8Array(), /no bytes/);
  await refused(new TextEncoder().encode("hello, I am text"), /text starting "hello/);
  await refused(new TextEncoder().encode("GIF89a.........."), /a GIF/);
  await refused(Uint8Array.of(0, 1, 2), /3 bytes starting 00 01 02/);
  await refused(buildPng(new Uint8Array(), { width: 0, height: 4 }), /0×4/);
  await refused(buildPng(new Uint8Array(9), { width: 1, height: 1, bitDepth: 3 }), /3 bits/);
  const jpeg = goldenFiles.get("rgb.jpg")!.bytes.slice();
  const frame = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0);
  jpeg.set([0, 0], frame + 7);
  await refused(jpeg, /0×14/);
});

test("a JPEG of endless scans is refused", async () => {
  const jpeg = goldenFiles.get("progressive.jpg")!.bytes;
  const scan = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xda);
  const scans = new Array<Uint8Array>(200).fill(jpeg.subarray(scan, scan + 14));
  const file = concat([jpeg.subarray(0, scan), ...scans, jpeg.subarray(scan)]);
  assert.match((await imageError(() => decodeImage(file))).message, /at most 100 scans/);
});

test("a PNG that inflates far beyond its size does not grow memory", async () => {
  const bomb = buildPng(new Uint8Array(50_000_000), { width: 1, height: 1 });
  const before = Deno.memoryUsage().rss, start = cpuTime();
  await decodeImage(bomb).catch((error) => assert.instance(error, ImageError));
  assert.ok(cpuTime() - start < 3000);
  assert.ok(Deno.memoryUsage().rss - before < 50e6);
});

for (const name of samples) {
  const { bytes } = goldenFiles.get(name)!;
  test(`${name} cut anywhere is refused`, async () => {
    // A PNG is whole once its data is: only the 12 bytes of IEND may be missing.
    const end = bytes.length - (name.endsWith("png") ? 12 : 0);
    for (let length = 0; length < end; length += 7) {
      try {
        await imageError(() => decodeImage(bytes.slice(0, length)));
      } catch (error) {
        throw new Error(`cut at ${length} of ${bytes.length}`, { cause: error });
      }
    }
  });

  test(`${name} mutated gives an ImageError or an image of the header's size, and no lasting harm`, async () => {
    const whole = await decodeImage(bytes);
    const edit = fc.record({
      at: fc.nat(bytes.length - 1),
      byte: fc.nat(255),
      kind: fc.constantFrom("set", "set", "insert", "remove"),
    });
    let slowest = 0, refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        const mutated = [...bytes];
        for (const { at, byte, kind } of edits) {
          mutated.splice(at, kind === "insert" ? 0 : 1, ...kind === "remove" ? [] : [byte]);
        }
        const file = Uint8Array.from(mutated);
        const start = cpuTime();
        try {
          const image = await decodeImage(file, { maxPixels });
          const header = readHeader(file);
          assert.is(image.width * image.height, header.width * header.height);
          assert.is(image.data.length, image.width * image.height * 3);
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
          refused++;
        }
        slowest = Math.max(slowest, cpuTime() - start);
      }),
      { numRuns: 600 },
    );
    assert.ok(refused > 0);
    assert.ok(slowest < 3000, `${slowest} ms`);
    assert.equal(await decodeImage(bytes), whole);
  });
}

test.run();
