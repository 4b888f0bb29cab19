import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSource } from "../../src/io/open_source.ts";
import { CheckpointError, DataError } from "../../src/tensor/errors.ts";
import { readTar } from "../../src/data/tar.ts";
import { tarOf } from "./support.ts";

const test = suite("tars");

const bases = [
  tarOf({ "a.png": "image", "a.cls": "1", "b/c.png": "x".repeat(600) }),
  await Deno.readFile(new URL("../golden/shard_gnu.tar", import.meta.url)),
  await Deno.readFile(new URL("../golden/shard_pax.tar", import.meta.url)),
];

/** Sets the checksum of the header at `at` to what it should be. */
function signed(tar: Uint8Array, at: number): void {
  const header = tar.subarray(at, at + 512);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}

/** Tars with bytes of headers changed, their checksums put right or not, and cut anywhere. */
const mutant = fc.record({
  base: fc.constantFrom(...bases),
  edits: fc.array(
    fc.record({
      block: fc.nat(12),
      at: fc.oneof(fc.nat(511), fc.integer({ min: 124, max: 135 }), fc.constant(156)),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...new TextEncoder().encode("0124567xgLKSD"))),
      sign: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  cut: fc.option(fc.nat(24000), { freq: 5 }),
}).map(({ base, edits, cut }) => {
  const tar = base.slice();
  for (const { block, at, byte, sign } of edits) {
    const start = block * 512 % (tar.length - 511);
    tar[start + at] = byte;
    if (sign) signed(tar, start);
  }
  return cut === null ? tar : tar.slice(0, cut);
});

test("changed tars are read or refused, within their bytes and in as many steps as they have blocks", async () => {
  let read = 0;
  const check = fc.asyncProperty(mutant, async (tar) => {
    await using source = await openSource(tar);
    let members = 0;
    try {
      for await (const { offset, bytes } of readTar(source)) {
        members++;
        assert.ok(offset >= 512 && bytes >= 0 && offset + bytes <= tar.length);
      }
      read++;
    } catch (error) {
      if (!(error instanceof DataError || error instanceof CheckpointError)) throw error;
    }
    assert.ok(members <= tar.length / 512);
  });
  await fc.assert(check, { numRuns: 3000, seed: 1 });
  assert.ok(read > 500, `${read} were read`);
});

test("sizes beyond eight octal digits are binary", async () => {
  const tar = tarOf({ "a.png": "12345" });
  tar.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5], 124);
  signed(tar, 0);
  await using source = await openSource(tar);
  assert.equal(await Array.fromAsync(readTar(source)), [{ name: "a.png", offset: 512, bytes: 5 }]);
});

test.run();
