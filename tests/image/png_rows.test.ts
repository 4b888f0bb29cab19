import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodePng } from "../../src/image/decode_png.ts";
import { readHeader } from "../../src/image/header.ts";
import { concat } from "../../src/io/concat.ts";
import { buildPng, imageError } from "./support.ts";

const test = suite("rows of PNG");

/** The pass of Adam7 that each pixel of a square of 8 × 8 belongs to, as the specification draws it. */
const adam7 = [
  "16462646",
  "77777777",
  "56565656",
  "77777777",
  "36463646",
  "77777777",
  "56565656",
  "77777777",
];
const kinds = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [2, 8], [2, 16], [4, 8], [4, 16], [6, 8], [
  6,
  16,
]] as const;
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

test("any samples come back through any filters, interlaced or not", async () => {
  const run = fc.asyncProperty(
    fc.constantFrom(...kinds),
    fc.record({ width: fc.integer({ min: 1, max: 19 }), height: fc.integer({ min: 1, max: 19 }) }),
    fc.record({ seed: fc.nat(), interlaced: fc.boolean() }),
    async ([colorType, bitDepth], { width, height }, { seed, interlaced }) => {
      const channels = channelsOf[colorType]!, most = 2 ** bitDepth - 1;
      const sample = (x: number, y: number, channel: number) =>
        Math.imul(x * 31 + y * 977 + channel * 7 + seed, 0x9e3779b1) >>> 8 & most;
      const passes: Uint8Array[] = [];
      for (const pass of interlaced ? "1234567" : " ") {
        let above: Uint8Array | undefined;
        for (let y = 0; y < height; y++) {
          const columns = Array.from({ length: width }, (_, x) => x)
            .filter((x) => !interlaced || adam7[y % 8]![x % 8] === pass);
          if (columns.length === 0) continue;
          const samples = columns.flatMap((x) => Array.from({ length: channels }, (_, c) => sample(x, y, c)));
          const row = packed(samples, bitDepth), filter = (seed + y * 3) % 5;
          passes.push(
            Uint8Array.of(filter),
            filtered(row, above ?? new Uint8Array(row.length), {
              filter,
              step: Math.max(1, channels * bitDepth / 8),
            }),
          );
          above = row;
        }
      }
      const header = { width, height, bitDepth, colorType, interlace: interlaced ? 1 : 0 };
      const file = buildPng(concat(passes), header), { data } = await decodePng(file, readHeader(file));
      const byte = (x: number, y: number, channel: number) =>
        bitDepth === 16 ? sample(x, y, channel) >> 8 : sample(x, y, channel) * 255 / most;
      const expected = Array.from({ length: width * height }, (_, i) => {
        const x = i % width, y = Math.floor(i / width), grey = channels < 3;
        const rgb = [0, 1, 2].map((channel) => byte(x, y, grey ? 0 : channel));
        return [...rgb, channels % 2 === 0 ? byte(x, y, channels - 1) : 255];
      }).flat();
      assert.equal([...data], expected);
    },
  );
  await fc.assert(run, { numRuns: 400 });
});

test("an unknown filter is refused", async () => {
  const file = buildPng(Uint8Array.of(5, 1, 2, 3), { width: 1, height: 1 });
  assert.match(
    (await imageError(() => decodePng(file, readHeader(file)))).message,
    /filters 0 to 4, got another/,
  );
});

/** Samples, each of some bits. */
function packed(samples: readonly number[], bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(samples.length * bits / 8));
  samples.forEach((sample, i) => {
    for (let bit = 0; bit < bits; bit++) {
      if (sample >> (bits - 1 - bit) & 1) bytes[(i * bits + bit) >> 3]! |= 128 >> ((i * bits + bit) & 7);
    }
  });
  return bytes;
}

/** What a filter makes of a row (PNG specification, 9.2). */
function filtered(
  row: Uint8Array,
  up: Uint8Array,
  { filter, step }: { filter: number; step: number },
): Uint8Array {
  return row.map((byte, i) => {
    const a = row[i - step] ?? 0, b = up[i]!, c = up[i - step] ?? 0;
    const [nearest] = [a, b, c].toSorted((x, y) => Math.abs(a + b - c - x) - Math.abs(a + b - c - y));
    return byte - [0, a, b, (a + b) >> 1, nearest!][filter]!;
  });
}

test.run();
