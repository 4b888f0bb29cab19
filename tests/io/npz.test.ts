import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNpz, writeNpz } from "../../src/io/npz.ts";
import { CheckpointError } from "../../src/tensor/errors.ts";

const test = suite("npz");

/** Files that NumPy wrote; see `numpy.py`. */
const numpy: Record<string, string> = JSON.parse(
  await Deno.readTextFile(new URL("../golden/numpy.json", import.meta.url)),
);
const fileOf = (name: string) => Uint8Array.fromBase64(numpy[name]!);

test("reads what NumPy wrote, stored and compressed", () => {
  const stored = readNpz(fileOf("stored"), { file: "t.npz" });
  assert.equal(stored.get("tokens"), { shape: [1, 2, 3], data: Uint32Array.of(0, 1, 2, 3, 4, 5) });
  assert.equal(stored.get("bits"), { shape: [], data: Uint32Array.of(18) });
  const deflated = readNpz(fileOf("deflated"), { file: "t.npz" });
  assert.equal(deflated.get("tokens"), { shape: [1, 2, 3], data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n) });
});

test("writes arrays byte by byte as NumPy does", () => {
  const array = { shape: [1, 2, 3], data: Uint32Array.of(0, 1, 2, 3, 4, 5) };
  const npy = (file: Uint8Array) => {
    const text = Array.from(file, (byte) => String.fromCharCode(byte)).join("");
    const start = text.indexOf("\x93NUMPY");
    return file.slice(start, start + 128 + 24);
  };
  assert.equal(npy(writeNpz({ tokens: array })), npy(fileOf("stored")));
});

test("what is written is read again, by its name", () => {
  const arrays = {
    a: { shape: [2], data: Float64Array.of(1.5, -2) },
    b: { shape: [], data: BigInt64Array.of(-5n) },
  };
  assert.equal(Object.fromEntries(readNpz(writeNpz(arrays), { file: "t.npz" })), arrays);
});

test("refuses what it would read wrongly, naming file and array", () => {
  const cases: [string, RegExp][] = [
    ["fortran", /t\.npz: tokens\.npy: expected C order, got Fortran order/],
    ["big_endian", /t\.npz: tokens\.npy: .*>u4/],
    ["text", /t\.npz: tokens\.npy/],
    ["complex", /t\.npz: tokens\.npy: expected numbers of type .*, got <c16/],
  ];
  for (const [name, message] of cases) {
    assert.throws(
      () => readNpz(fileOf(name), { file: "t.npz" }),
      (error: Error) => error instanceof CheckpointError && message.test(error.message),
    );
  }
});

test("damaged files give typed errors or other numbers, never anything else", () => {
  const sound = [fileOf("stored"), fileOf("deflated")];
  const change = fc.record({
    file: fc.constantFrom(...sound),
    at: fc.nat(557),
    byte: fc.nat(255),
    cut: fc.nat(600),
  });
  fc.assert(
    fc.property(change, ({ file, at, byte, cut }) => {
      const bytes = file.slice(0, cut);
      if (at < bytes.length) bytes[at] = byte;
      try {
        readNpz(bytes, { file: "t.npz" });
      } catch (error) {
        return error instanceof CheckpointError;
      }
      return true;
    }),
    { numRuns: 3000 },
  );
});

test.run();
