import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { readHeader } from "../../src/image/header.ts";
import { concat } from "../../src/io/concat.ts";
import { headOf } from "../../src/service/work/images.ts";
import { ImageError } from "../../src/tensor/errors.ts";
import { cpuTime } from "../support/cpu_time.ts";
import { buildPng, goldenFiles } from "./support.ts";

const test = suite("files of millions of parts");
const size = 15 * 2 ** 20;

/** `file` with 15 MiB of `part` from the byte `at`. */
function stuffed(file: Uint8Array, at: number, part: number[] | string): Uint8Array {
  const bytes = typeof part === "string" ? new TextEncoder().encode(part) : Uint8Array.from(part);
  const copies = Math.floor(size / bytes.length), filling = new Uint8Array(copies * bytes.length);
  for (let i = 0; i < copies; i++) filling.set(bytes, i * bytes.length);
  return concat([file.subarray(0, at), filling, file.subarray(at)]);
}

const png = buildPng(new Uint8Array(129 * 16), { width: 16, height: 16, bitDepth: 16, colorType: 6 });
const jpeg = goldenFiles.get("rgb.jpg")!.bytes, webp = goldenFiles.get("lossless.webp")!.bytes;
/** Where the chunks after IHDR begin. */
const afterHeader = 33;
/** An empty IDAT chunk with its checksum. */
const emptyChunk = [0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xaf, 0x06, 0x1e];
const files: Record<string, Uint8Array> = {
  "a PNG of empty IDAT chunks": stuffed(png, afterHeader, emptyChunk),
  "a PNG of empty tEXt chunks without checksums": stuffed(png, afterHeader, "\0\0\0\0tEXt\x01\x02\x03\x04"),
  "a PNG of lengths beyond its end": stuffed(png, afterHeader, [0, 0xe0, 0, 0, 0x74, 0x45, 0x58, 0x74]),
  "a PNG of chunk names that are no chunks": stuffed(png, afterHeader, "\0\0\0tEXt"),
  "a JPEG of empty segments": stuffed(jpeg, 2, [0xff, 0xe5, 0, 2]),
  "a JPEG of fill bytes": stuffed(jpeg, 2, [0xff]),
  "a JPEG of markers without a segment": stuffed(jpeg, 2, [0xff, 0xd0]),
  "a JPEG of empty Exif segments": stuffed(jpeg, 2, [0xff, 0xe1, 0, 8, 0x45, 0x78, 0x69, 0x66, 0, 0]),
  "a WebP of empty chunks": stuffed(webp, webp.length, "ABCD\0\0\0\0"),
};

/** The time of `work` in ms, if it succeeds or throws an `ImageError`. */
async function timed(work: () => unknown): Promise<number> {
  const start = cpuTime();
  try {
    await work();
  } catch (error) {
    assert.instance(error, ImageError);
  }
  return cpuTime() - start;
}

for (const [name, file] of Object.entries(files)) {
  test(`${name} is read or refused at once`, async () => {
    assert.ok(file.length > size - 16);
    // What the service does on its event loop.
    const head = await timed(() => headOf(file));
    assert.ok(head < 250, `${head} ms for the header in the service`);
    const header = await timed(() => readHeader(file)), decoded = await timed(() => decodeImage(file));
    assert.ok(header < 3000, `${header} ms for the header`);
    assert.ok(decoded < 3000, `${decoded} ms to decode`);
  });
}

test("a file of 16,000 chunks is read", async () => {
  const chunks = new Array<Uint8Array>(16_000).fill(Uint8Array.from(emptyChunk));
  const image = await decodeImage(
    concat([png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]),
  );
  assert.equal(image, await decodeImage(png));
});

test.run();
