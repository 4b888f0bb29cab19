import { suite } from "uvu";
import { dict, int, legacyFile, legacyStorage, storage, tensor, text, tuple } from "./pickles.ts";
import { readAll, refused } from "../support.ts";
import * as assert from "uvu/assert";

const test = suite("torch files of the old format");

const a = Float32Array.of(1, 2, 3, 4, 5, 6), b = Float32Array.of(7, 8);
const from = legacyStorage(),
  top = dict({
    "features.0.weight": tensor({ from, shape: [3, 2], strides: [1, 3] }),
    again: tensor({ from, offset: 2, shape: [2], strides: [2] }),
    bias: tensor({ from: legacyStorage({ key: "1", elements: 2 }), shape: [2], strides: [1] }),
  });
const good = legacyFile(top, { 0: a, 1: b });

test("tensors are read from the storages behind the pickles", async () => {
  assert.equal(await readAll(good), {
    "features.0.weight": Float32Array.of(1, 4, 2, 5, 3, 6),
    again: Float32Array.of(3, 5),
    bias: b,
  });
  assert.equal(Object.keys(await readAll(legacyFile(dict({ state_dict: top }), { 0: a, 1: b }))).length, 3);
});

const one = (from: ReturnType<typeof storage>) => dict({ w: tensor({ from }) });
/** Files that cannot be, and what their error must say. */
const cases: Record<string, [file: Uint8Array, pattern: RegExp]> = {
  "another version": [legacyFile(top, { 0: a, 1: b }, { version: 1000 }), /version 1001/],
  "another byte order": [legacyFile(top, { 0: a, 1: b }, { little: false }), /little-endian/],
  "a cut in a storage": [good.slice(0, -1), /2 elements in storage 1 at byte \d+, got an end at byte/],
  "a cut before a storage": [good.slice(0, -16), /2 elements in storage 1 at byte \d+, got an end at byte/],
  "a cut in a pickle": [good.slice(0, 300), /more bytes/],
  "bytes behind": [new Uint8Array([...good, 0]), /expected the end at byte \d+, got \d+ bytes/],
  "a storage of another length": [legacyFile(top, { 0: b, 1: a }), /6 elements in storage 0 .*got 2/],
  "a storage that is not there": [legacyFile(top, { 0: a }), /storage 1 for bias, got none/],
  "a storage that nothing names": [legacyFile(one(from), { 0: a, 1: b }), /known type once, got storage 1/],
  "a storage twice": [legacyFile(one(from), { 0: a, 1: a }, { keys: ["0", "0"] }), /once, got storage 0/],
  "a key that is no text": [legacyFile(dict({ w: int(1) }), { 0: a }), /known type once, got storage 0/],
  "two lengths of one storage": [
    legacyFile(dict({ v: tensor({ from }), w: tensor({ from: legacyStorage({ elements: 7 }) }) }), { 0: a }),
    /6 elements of f32 in storage 0, got 7/,
  ],
  "a part of another storage": [
    legacyFile(one(legacyStorage({ part: tuple(text("1"), int(0), int(6)) })), { 0: a }),
    /a storage as persistent id/,
  ],
  "a storage as zips name it": [legacyFile(one(storage()), { 0: a }), /a storage as persistent id/],
};
for (const [name, [file, pattern]] of Object.entries(cases)) {
  test(`${name} is refused`, () => refused(() => readAll(file), pattern));
}

test.run();
