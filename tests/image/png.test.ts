import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import type { Image } from "../../src/image/image.ts";
import { ImageError } from "../../src/tensor/errors.ts";
import { concat } from "../../src/io/concat.ts";
import { pngKinds, pngOf } from "./png_kinds.ts";
import { buildPng, goldenFiles, imageError, pngChunk } from "./support.ts";

const test = suite("PNG");
const text = new TextEncoder();

/** A file with ancillary chunks before its pixels. */
const annotated = buildPng(
  Uint8Array.from({ length: 13 * 28 }, (_, i) => i % 28 === 0 ? 0 : i * i * 31),
  { width: 9, height: 13 },
  [
    ["gAMA", Uint8Array.of(0, 0, 0xb1, 0x8f)],
    ["pHYs", Uint8Array.of(0, 0, 11, 19, 0, 0, 11, 19, 1)],
    ["tEXt", text.encode("Software\0a program that writes what it is")],
    ["tIME", Uint8Array.of(7, 0xea, 11, 27, 9, 40, 0)],
  ],
);

/** Flips bits of a file and checks each: what stands in a critical chunk is refused, all else changes nothing. */
async function checkFlips(bytes: Uint8Array, { every = 1, from: first = 0 } = {}): Promise<number> {
  const whole = await decodeImage(bytes);
  let flips = 0;
  for (const { name: chunk, from, to } of spans(bytes)) {
    for (let bit = from * 8; bit < to * 8; bit++) {
      if (bit % every !== first) continue;
      flips++;
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const got = await decoded(flipped);
      const fits = isAncillary(chunk) ? samePixels(got, whole) || chunk === "tRNS" && got : !got;
      assert.ok(fits, `bit ${bit - from * 8} of ${chunk}: ${got ? "a picture" : "an error"}`);
    }
  }
  return flips;
}

test("each flipped bit: an error in a critical chunk, nothing in another", async () => {
  for (const bytes of [annotated, goldenFiles.get("palette_alpha.png")!.bytes]) {
    assert.is(await checkFlips(bytes), bytes.length * 8);
  }
});

test("the same for 10⁴ bits of all kinds of PNG", async () => {
  const every = 5;
  let flips = 0;
  for (const [i, kind] of pngKinds.entries()) {
    try {
      flips += await checkFlips(pngOf(kind), { every, from: i % every });
    } catch (cause) {
      throw new Error(`${JSON.stringify(kind)}: ${(cause as Error).message}`, { cause });
    }
  }
  assert.ok(flips >= 10_000, `${flips} flips`);
});

test("a picture with its data in many chunks, of which one is lost or renamed, is refused", async () => {
  const [rows, size] = [new Uint8Array(64 * 193).map((_, i) => i % 193 ? i * i : 0), {
    width: 64,
    height: 64,
  }];
  const whole = buildPng(rows, size), data = spans(whole).find(({ name }) => name === "IDAT")!;
  const stream = whole.subarray(data.from + 8, data.to - 4), part = Math.ceil(stream.length / 5);
  const parts = [0, 1, 2, 3, 4].map((i) => pngChunk("IDAT", stream.subarray(i * part, (i + 1) * part)));
  const join = (parts: Uint8Array[]) =>
    concat([whole.subarray(0, data.from), ...parts, whole.subarray(data.to)]);
  assert.equal(await decodeImage(join(parts)), await decodeImage(whole));
  for (let i = 0; i < parts.length; i++) {
    await imageError(() => decodeImage(join(parts.filter((_, j) => j !== i))));
    const renamed = parts.map((one) => one.slice());
    renamed[i]![4]! ^= 32;
    await imageError(() => decodeImage(join(renamed)));
  }
});

test("data with another Adler-32 is refused, also where the checksum of the chunk is right", async () => {
  const data = spans(annotated).find(({ name }) => name === "IDAT")!;
  const stream = annotated.slice(data.from + 8, data.to - 4);
  const withData = (stream: Uint8Array) =>
    concat([annotated.subarray(0, data.from), pngChunk("IDAT", stream), annotated.subarray(data.to)]);
  await decodeImage(withData(concat([stream, Uint8Array.of(1, 2, 3)])));
  stream[stream.length - 1]! ^= 1;
  await imageError(() => decodeImage(withData(stream)));
});

test("ancillary chunks of any size, kind and number never matter", async () => {
  const many = Array.from({ length: 20 }, (): [string, Uint8Array] => ["zTXt", new Uint8Array(500_000)]);
  const chunks: [string, Uint8Array][] = [["iTXt", new Uint8Array(3 << 20)], ...many, [
    "abCd",
    text.encode("x"),
  ]];
  const rows = Uint8Array.of(0, 1, 2, 3), size = { width: 1, height: 1 };
  assert.equal(await decodeImage(buildPng(rows, size, chunks)), await decodeImage(buildPng(rows, size)));
});

test("critical chunks that nobody knows, and iOS's own PNG, are refused by name", async () => {
  const unknown = buildPng(Uint8Array.of(0, 1, 2, 3), { width: 1, height: 1 }, [["ABCD", new Uint8Array()]]);
  assert.match((await imageError(() => decodeImage(unknown))).message, /critical chunk ABCD/);
  const [start, rest] = [annotated.subarray(0, 8), annotated.subarray(8)];
  const ios = concat([start, pngChunk("CgBI", Uint8Array.of(0x50, 0, 0x20, 6)), rest]);
  assert.match((await imageError(() => decodeImage(ios))).message, /optimized for iOS/);
});

test("a damaged chunk that holds a whole picture is passed over with all that it holds", async () => {
  const holder = pngChunk("prVt", concat([text.encode("thumbnail"), annotated, text.encode("end")]));
  holder[10]! ^= 1;
  const rows = Uint8Array.of(0, 1, 2, 3), size = { width: 1, height: 1 }, whole = buildPng(rows, size);
  const file = concat([whole.subarray(0, 33), holder, whole.subarray(33)]);
  assert.equal(await decodeImage(file), await decodeImage(whole));
});

test("bytes made to look like damaged chunks take no time", async () => {
  const lure = pngChunk("aaAa", new Uint8Array(2 << 20));
  for (let at = 8; at < lure.length - 12; at += 12) {
    lure.set([0, 15, 255, 255, 97, 97, 65, 97], at);
  }
  const file = concat([annotated.subarray(0, 33), lure, annotated.subarray(33)]);
  const start = performance.now();
  await decoded(file);
  assert.ok(performance.now() - start < 3000);
});

test.run();

async function decoded(bytes: Uint8Array): Promise<Image | undefined> {
  try {
    return await decodeImage(bytes);
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

function samePixels(a: Image | undefined, b: Image): boolean {
  return a !== undefined && a.width === b.width && a.data.length === b.data.length &&
    a.data.every((byte, i) => byte === b.data[i]);
}

function isAncillary(name: string): boolean {
  return /^[a-z]/.test(name);
}

/** Where the signature and each chunk of an undamaged file lie. */
function spans(bytes: Uint8Array): { name: string; from: number; to: number }[] {
  const all = [{ name: "SIGNATURE", from: 0, to: 8 }], view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let from = 8; from < bytes.length;) {
    const to = from + 12 + view.getUint32(from);
    all.push({ name: String.fromCharCode(...bytes.subarray(from + 4, from + 8)), from, to });
    from = to;
  }
  return all;
}
