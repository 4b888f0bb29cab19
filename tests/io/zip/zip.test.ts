import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCheckpoint } from "../../../src/models/open.ts";
import { dict, pickle, tensor } from "../torch/pickles.ts";
import { concat, inFolder, readAll, refused, utf8 } from "../support.ts";
import { fields, zip, type ZipEnd, type ZipFile } from "./zips.ts";
import { cpuTime } from "../../support/cpu_time.ts";

const test = suite("zip");

const pkl: ZipFile = { name: "a/data.pkl", data: pickle(dict({ w: tensor() })) };
const values = Float32Array.of(1, 2, 3, 4, 5, 6);
const data: ZipFile = { name: "a/data/0", data: new Uint8Array(values.buffer) };
const good = [pkl, data];
const wide = (...values: number[]) =>
  fields([2, 1], [2, 8 * values.length], ...values.map((value) => [8, value] as const));

const accepted: Record<string, Uint8Array> = {
  "stored files": zip(good),
  "files with data descriptors and padding": zip(
    good.map((file) => ({
      ...file,
      descriptor: true,
      localExtra: fields([2, 0x4246], [2, 3], [2, 0x5a5a], [2, 90]).subarray(0, 7),
    })),
  ),
  "a zip64 record": zip(good, { zip64: {} }),
  "a zip64 record that the plain one defers to": zip(good, {
    zip64: {},
    count: 0xffff,
    bytes: 0xffffffff,
    start: 0xffffffff,
  }),
  "zip64 sizes of a file": zip(
    [pkl, { ...data, stored: 0xffffffff, whole: 0xffffffff, extra: wide(24, 24) }],
    {
      zip64: {},
    },
  ),
  "byte order little": zip([...good, { name: "a/byteorder", data: utf8("little") }]),
};
for (const [what, file] of Object.entries(accepted)) {
  test(`${what}: read`, async () => assert.equal(await readAll(file), { w: values }));
}

const other = (change: Partial<ZipFile>, end?: ZipEnd) => zip([pkl, { ...data, ...change }], end);

/** Files that two readers could see differently, or that no torch.save writes. */
const cases: Record<string, [file: Uint8Array, pattern: RegExp]> = {
  "another name in the local header": [
    other({ localName: "a/data/1" }),
    /a\/data\/0 of the zip: expected the same name/,
  ],
  "a longer name in the local header": [other({ localName: "a/data/00" }), /expected the same name/],
  "a compressed file": [other({ method: 8 }), /a\/data\/0: expected a stored file, got compression method 8/],
  "a file compressed by its local header": [other({ localMethod: 8 }), /the same flags and method/],
  "an encrypted file": [other({ flags: 0x801 }), /expected a plain file, got flags 0x801/],
  "other flags in the local header": [other({ localFlags: 0x0 }), /the same flags and method/],
  "two files of one name": [zip([pkl, data, data]), /a\/data\/0: expected one file of this name/],
  "a name that is no UTF-8": [
    patched(zip(good), (bytes) => bytes.lastIndexOf(0x30), 0xff),
    /expected a name in UTF-8/,
  ],
  "a stored size other than the whole": [other({ stored: 23 }), /expected 24 bytes, got 23 stored/],
  "a size beyond the file": [
    other({ stored: 2 ** 31, whole: 2 ** 31 }),
    /bytes 2147483648 in its local header, got 24/,
  ],
  "a smaller size than is there": [other({ stored: 20, whole: 20 }), /bytes 20 in its local header, got 24/],
  "a local header elsewhere": [
    other({ offset: 3 }),
    /a\/data\.pkl of the zip: expected a local header, got 3 bytes before/,
  ],
  "two files in one place": [
    zip([pkl, { ...data, offset: 0 }]),
    /expected a local header, got 0 bytes before/,
  ],
  "bytes before the first file": [
    zip([{ ...pkl, gap: new Uint8Array(4) }, data]),
    /got \d+ bytes starting 00 00 00 00/,
  ],
  "bytes between files": [
    zip([pkl, { ...data, gap: new Uint8Array(4) }]),
    /a\/data\/0 of the zip: expected to begin at byte/,
  ],
  "a hidden file between files": [
    zip([pkl, { ...data, gap: zip([{ name: "a/data/7", data: new Uint8Array(4) }]).subarray(0, 42) }]),
    /to begin at byte/,
  ],
  "bytes before the directory": [
    zip([pkl, { ...data, descriptor: new Uint8Array(8), flags: 0x800 }]),
    /a zip directory at byte \d+, after the last file/,
  ],
  "a wrong data descriptor": [
    other({ descriptor: fields([4, 0x08074b50], [4, 0], [4, 24], [4, 25]) }),
    /checksum and size in its data descriptor/,
  ],
  "a data descriptor of another length": [
    other({ descriptor: new Uint8Array(12) }),
    /data descriptor of 16 or 24 bytes/,
  ],
  "more bytes behind the end than a comment has": [
    zip(good, { behind: new Uint8Array(65_536) }),
    /the directory of the zip, and at most 65535 bytes behind it/,
  ],
  "another end record in the comment": [
    zip(good, { comment: zip(good).slice(-22) }),
    /the directory to end at byte/,
  ],
  "another zip behind the end": [
    zip(good, { behind: zip([{ name: "a/data.pkl", data: pickle(dict({})) }]) }),
    /the directory to end at byte/,
  ],
  "bytes between directory and end": [
    zip(good, { between: new Uint8Array(4) }),
    /the directory to end at byte/,
  ],
  "fewer files than the directory has": [zip(good, { count: 1 }), /the zip directory: expected \d+ bytes/],
  "more files than the directory has": [zip(good, { count: 3 }), /entry 2 of the zip directory/],
  "a directory elsewhere": [zip(good, { start: 5 }), /the directory to end at byte/],
  "a directory of another length": [zip(good, { bytes: 5 }), /the directory to end at byte/],
  "a zip64 record of another count": [
    zip(good, { zip64: { count: 1 } }),
    /count 2 in its zip64 record, got 1/,
  ],
  "a zip64 record of another start": [
    zip(good, { zip64: { start: 0 } }),
    /start \d+ in its zip64 record, got 0/,
  ],
  "a zip64 record of another length": [
    zip(good, { zip64: { bytes: 9 } }),
    /bytes \d+ in its zip64 record, got 9/,
  ],
  "a zip64 locator that points elsewhere": [zip(good, { zip64: { at: 0 } }), /the zip64 record/],
  "deferred fields without a zip64 record": [
    zip(good, { start: 0xffffffff }),
    /the directory to end at byte/,
  ],
  "a directory beyond the limit": [
    zip(good, { zip64: { count: 1e6 }, count: 0xffff }),
    /at most 20000 files, got 1000000/,
  ],
  "a zip64 field that nothing defers to": [other({ extra: wide(24) }), /a zip64 field of 0 bytes, got 8/],
  "a zip64 field that is too short": [
    other({ stored: 0xffffffff, whole: 0xffffffff, extra: wide(24) }),
    /a zip64 field of 16 bytes, got 8/,
  ],
  "a zip64 field that is missing": [
    other({ stored: 0xffffffff, whole: 0xffffffff }),
    /a zip64 field of 16 bytes, got 0/,
  ],
  "two zip64 fields": [
    other({ whole: 0xffffffff, extra: concat([wide(24), wide(24)]) }),
    /one zip64 field, got two/,
  ],
  "a zip64 size beyond 2^53": [
    other({ stored: 0xffffffff, whole: 0xffffffff, extra: wide(2 ** 60, 2 ** 60) }),
    /lengths below 2\^53/,
  ],
  "a zip64 size beyond the file": [
    other({ stored: 0xffffffff, whole: 0xffffffff, extra: wide(2 ** 40, 2 ** 40) }),
    /bytes 1099511627776 in its local header, got 24/,
  ],
  "an extra field beyond its length": [other({ extra: fields([2, 9], [2, 40]) }), /extra fields that fit/],
  "no pickle": [zip([data]), /a zip with one data\.pkl, got a zip with 0/],
  "two pickles": [zip([...good, { ...pkl, name: "b/data.pkl" }]), /got a zip with 2/],
  "another byte order": [
    zip([...good, { name: "a/byteorder", data: utf8("middle") }]),
    /byte order little or big, got "middle"/,
  ],
};

for (const [what, [file, pattern]] of Object.entries(cases)) {
  test(`${what}: refused`, () => refused(() => openCheckpoint(file), pattern));
}

test("comments and appended bytes of any length change nothing", async () => {
  const length = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 21, 22, 0xfffe, 0xffff));
  const noise = (bytes: number, seed: number) =>
    Uint8Array.from({ length: bytes }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 24);
  const property = fc.asyncProperty(
    fc.tuple(length, length, length, length),
    fc.nat(),
    fc.boolean(),
    async ([comment, behind, first, second], seed, isWide) => {
      const commented = [{ ...pkl, comment: noise(first, seed) }, { ...data, comment: noise(second, seed) }];
      const end = {
        comment: noise(comment, seed),
        behind: noise(Math.min(behind, 0xffff - comment), seed + 9),
      };
      const file = zip(commented, isWide ? { ...end, zip64: {} } : end);
      assert.equal(await readAll(file), { w: values });
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

test("a comment's length field does not matter", async () => {
  const file = zip(good, { comment: utf8("hello") });
  new DataView(file.buffer).setUint16(file.length - 7, 999, true);
  assert.equal(await readAll(file), { w: values });
});

test("a zip cut anywhere is refused", async () => {
  const whole = zip(good, { zip64: {} });
  for (let length = 0; length < whole.length; length++) {
    await refused(() => openCheckpoint(whole.slice(0, length)), /./);
  }
});

test("the largest allowed number of files is read quickly", async () => {
  const many = Array.from({ length: 19_000 }, (_, i) => ({ name: `a/${i}`, data: new Uint8Array() }));
  const file = zip([...good, ...many]);
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/many.ckpt`, file);
    const start = cpuTime();
    assert.equal(await readAll(`${folder}/many.ckpt`), { w: values });
    assert.ok(cpuTime() - start < 3000, `${cpuTime() - start} ms`);
  });
});

function patched(bytes: Uint8Array, find: (bytes: Uint8Array) => number, value: number): Uint8Array {
  bytes[find(bytes)] = value;
  return bytes;
}

test.run();
