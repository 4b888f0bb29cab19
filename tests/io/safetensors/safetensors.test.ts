import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCheckpoint } from "../../../src/models/open.ts";
import { concat, readAll, refused, safetensors, utf8 } from "../support.ts";
import { cpuTime } from "../../support/cpu_time.ts";

const test = suite("safetensors");

const f32 = (shape: readonly number[], begin: number, end: number) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

test("header, metadata and tensors are read", async () => {
  const header = {
    __metadata__: { by: "test" },
    b: f32([2], 0, 8),
    empty: f32([0, 3], 8, 8),
    a: f32([], 8, 12),
  };
  const file = safetensors(header, { data: 12 });
  new DataView(file.buffer).setFloat32(file.length - 4, 2.5, true);
  await using checkpoint = await openCheckpoint(file);
  assert.equal(checkpoint.metadata, { by: "test" });
  assert.equal(checkpoint.tensors.get("empty")!.shape, [0, 3]);
  assert.equal(await readAll(file), {
    b: new Float32Array(2),
    empty: new Float32Array(),
    a: Float32Array.of(2.5),
  });
  await refused(() => checkpoint.read("c"), /a tensor c/);
});

test("a header may be padded with spaces", async () => {
  const file = safetensors(JSON.stringify({ a: f32([1], 0, 4) }) + "   ", { data: 4 });
  assert.equal(Object.keys(await readAll(file)), ["a"]);
});

/** What is wrong with a file, and what its error must say. */
const cases: Record<string, [file: Uint8Array, pattern: RegExp]> = {
  "a header longer than the file": [
    safetensors("{}", { length: 3n }),
    /its header: expected at most 2 bytes, got 3.*truncated/,
  ],
  "a header longer than the limit": [
    safetensors("{}", { length: 100_000_001n }),
    /its header: expected at most 2 bytes, got 100000001/,
  ],
  "a header of 2^64-1 bytes": [safetensors("{}", { length: 2n ** 64n - 1n }), /its header/],
  "a header that is no UTF-8": [
    safetensors(concat([utf8('{"'), Uint8Array.of(0xff), utf8('":1}')])),
    /text in UTF-8/,
  ],
  "a header that is no JSON": [safetensors("{not json}"), /expected JSON/],
  "a header deeper than any": [safetensors("{" + '"a":{'.repeat(5)), /expected JSON/],
  "a tensor that is no object": [safetensors({ a: 3 }), /key a: expected an object/],
  "metadata that is no text": [safetensors({ __metadata__: { a: 3 } }), /metadata a: expected a string/],
  "a dtype that is no text": [
    safetensors({ a: { dtype: 8, shape: [1], data_offsets: [0, 1] } }, { data: 1 }),
    /dtype of a: expected F64.*got 8/,
  ],
  "an unknown dtype that ends before it begins": [
    safetensors({ a: { dtype: "F4", shape: [1], data_offsets: [1, 0] } }, { data: 1 }),
    /data_offsets of a/,
  ],
  "a negative length": [safetensors({ a: f32([-1], 0, 4) }, { data: 4 }), /shape of a.*\[-1\]/],
  "a broken length": [safetensors({ a: f32([1.5], 0, 6) }, { data: 6 }), /shape of a.*\[1\.5\]/],
  "a length beyond 2^53": [safetensors({ a: f32([2 ** 53], 0, 4) }, { data: 4 }), /shape of a/],
  "a product beyond 2^53": [
    safetensors({ a: f32([2 ** 30, 2 ** 30], 0, 4) }, { data: 4 }),
    /data_offsets of a/,
  ],
  "one offset": [
    safetensors({ a: { dtype: "F32", shape: [1], data_offsets: [0] } }, { data: 4 }),
    /two whole numbers/,
  ],
  "three offsets": [
    safetensors({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4, 4] } }, { data: 4 }),
    /two whole numbers/,
  ],
  "an end before the beginning": [
    safetensors({ a: f32([1], 4, 0) }, { data: 4 }),
    /data_offsets of a.*got -4/,
  ],
  "bytes that do not fit the shape": [
    safetensors({ a: f32([2], 0, 4) }, { data: 4 }),
    /8 bytes for F32 \[2\], got 4/,
  ],
  "a hole at the start": [
    safetensors({ a: f32([1], 4, 8) }, { data: 8 }),
    /data_offsets of a: expected to begin at 0/,
  ],
  "a hole between": [
    safetensors({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, { data: 12 }),
    /data_offsets of b: expected to begin at 4, got 8/,
  ],
  "an overlap": [
    safetensors({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, { data: 8 }),
    /data_offsets of b: expected to begin at 8, got 4/,
  ],
  "missing bytes": [safetensors({ a: f32([2], 0, 8) }, { data: 7 }), /its length/],
  "trailing bytes": [safetensors({ a: f32([2], 0, 8) }, { data: 9 }), /its length/],
  "one key twice": [
    safetensors(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      {
        data: 4,
      },
    ),
    /key a: expected each key once/,
  ],
  "one key twice, once escaped": [
    safetensors(
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061" :{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      {
        data: 4,
      },
    ),
    /key a: expected each key once/,
  ],
  "a key twice inside a tensor": [
    safetensors('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,2]}}', { data: 2 }),
    /key dtype: expected each key once/,
  ],
  "a key twice in the metadata": [
    safetensors('{"__metadata__":{"x":"1","x":"2"}}'),
    /key x: expected each key once/,
  ],
};

for (const [what, [file, pattern]] of Object.entries(cases)) {
  test(`${what} is refused`, () => refused(() => openCheckpoint(file), pattern));
}

test("names with a meaning in JavaScript are ordinary names", async () => {
  const entry = (begin: number) => JSON.stringify(f32([1], begin, begin + 4));
  const file = safetensors(
    `{"__metadata__":{"__proto__":"x"},"__proto__":${entry(0)},"constructor":${entry(4)},"quote\\"\\\\":${
      entry(8)
    }}`,
    { data: 12 },
  );
  await using checkpoint = await openCheckpoint(file);
  assert.equal([...checkpoint.tensors.keys()], ["__proto__", "constructor", 'quote"\\']);
  assert.equal(Object.entries(checkpoint.metadata), [["__proto__", "x"]]);
});

test("a header with too many parts is rejected quickly", async () => {
  for (const text of ['"a":0,'.repeat(15_000_000), "[".repeat(90_000_000), "0,".repeat(45_000_000)]) {
    const file = safetensors("{" + text);
    const start = cpuTime();
    await refused(() => openCheckpoint(file), /at most 2000000 brackets, quotes and commas/);
    assert.ok(cpuTime() - start < 3000, `${cpuTime() - start} ms`);
  }
  for (const text of ['{"a":' + "[".repeat(1_900_000), `{"a":[${"0,".repeat(1_900_000)}`]) {
    const start = cpuTime();
    await refused(() => openCheckpoint(safetensors(text)), /expected JSON/);
    assert.ok(cpuTime() - start < 3000, `${cpuTime() - start} ms`);
  }
});

test("a string of 40 MB in the header is accepted", async () => {
  const file = safetensors(`{"__metadata__":{"x":"${"\\\\".repeat(10_000_000)}${"a".repeat(20_000_000)}"}}`);
  const start = cpuTime();
  await using _ = await openCheckpoint(file);
  assert.ok(cpuTime() - start < 3000, `${cpuTime() - start} ms`);
});

test.run();
