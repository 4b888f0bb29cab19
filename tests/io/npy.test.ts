import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNpy, writeNpy } from "../../src/io/npy.ts";
import {
  type NpyData,
  type NpyType,
  npyTypes,
  parseNpyHeader,
  readNpyHeader,
} from "../../src/io/npy_header.ts";
import { MemorySource } from "../../src/io/memory_source.ts";
import { CheckpointError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { concat, refused, utf8 } from "./support.ts";

const test = suite("npy");

const shapes = fc.array(fc.nat(4), { maxLength: 4 });
const arrays = fc.record({ type: fc.constantFrom(...npyTypes.values()), shape: shapes }).chain(
  ({ type, shape }) => {
    const bytes = sizeOf(shape) * new type(new ArrayBuffer(8)).BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: bytes, maxLength: bytes })
      .map((random): { shape: number[]; data: NpyData } => ({
        shape,
        data: new type(random.slice().buffer),
      }));
  },
);

/** A file of the given text as its header, in format version 1 or a later one. */
function file(header: string, { version = 1, data = 8 } = {}): Uint8Array<ArrayBuffer> {
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, header.length, true);
  const lengthBytes = new Uint8Array(length.buffer).subarray(0, version === 1 ? 2 : 4);
  return concat([
    Uint8Array.of(0x93, ...utf8("NUMPY"), version, 0),
    lengthBytes,
    utf8(header),
    Uint8Array.from({ length: data }, (_, i) => i + 1),
  ]);
}

test("what is written is read again, bit by bit, whatever its type and shape", () => {
  fc.assert(fc.property(arrays, fc.nat(9), (array, shift) => {
    const written = writeNpy(array), moved = new Uint8Array(written.length + shift);
    moved.set(written, shift);
    // Also where the file begins at an odd place in memory.
    const { shape, data } = readNpy(moved.subarray(shift), "a.npy");
    assert.equal(shape, array.shape);
    assert.is(data.constructor, array.data.constructor);
    assert.equal(new Uint8Array(data.buffer), new Uint8Array(array.data.buffer));
  }));
});

test("elements begin at a multiple of 64, also where a shape makes the header long", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(0, 1, 1234567), { maxLength: 60 }), (sides) => {
    const shape = [...sides, 0], npy = writeNpy({ shape, data: new Float32Array() });
    assert.equal(parseNpyHeader(npy, { bytes: npy.length, place: "a.npy" }), {
      descriptor: "<f4",
      shape,
      offset: npy.length,
    });
    assert.is(npy.length % 64, 0);
  }));
});

test("reads headers of later versions, in another order and spacing, and of bytes with an order", () => {
  const types: [string, NpyType][] = [["<i4", Int32Array], ["<u1", Uint8Array], ["|i1", Int8Array]];
  for (const [descriptor, type] of types) {
    const width = Number(descriptor[2]), side = 8 / width;
    const header = `{'shape':( ${side} , ), 'fortran_order':False,'descr':   '${descriptor}'}`;
    for (const version of [1, 2, 3]) {
      const { shape, data } = readNpy(file(header, { version }), "a.npy");
      assert.equal(shape, [side]);
      assert.ok(data instanceof type, descriptor);
      assert.is(Number(data[0]), width === 1 ? 1 : 0x04030201);
    }
  }
});

test("takes Fortran order where it is the same", () => {
  const header = (shape: string) => `{'descr': '<u4', 'fortran_order': True, 'shape': ${shape}, }`;
  assert.equal(readNpy(file(header("(2,)")), "a.npy").shape, [2]);
  assert.throws(
    () => readNpy(file(header("(1, 2)")), "a.npy"),
    /a\.npy: expected C order, got Fortran order/,
  );
});

test("reads a header within a larger file, and only the header", async () => {
  const npy = writeNpy({ shape: [3, 20000], data: new Float64Array(60000) });
  const source = new MemorySource(concat([new Uint8Array(7), npy, new Uint8Array(9)]));
  const lengths: number[] = [];
  const watched = {
    ...source,
    read: (offset: number, length: number) => (lengths.push(length), source.read(offset, length)),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
  const header = await readNpyHeader(watched, { offset: 7, bytes: npy.length, place: "a.npy" });
  assert.equal(header, { descriptor: "<f8", shape: [3, 20000], offset: 7 + 128 });
  assert.ok(lengths.reduce((sum, length) => sum + length) < 11000, `${lengths}`);
  await refused(
    () => readNpyHeader(watched, { offset: 6, bytes: npy.length, place: "a.npy" }),
    /an \.npy file/,
  );
});

test("refuses what it would read wrongly, by name", () => {
  const good = { descr: "'<u4'", fortran_order: "False", shape: "(2,)" };
  const header = (change: Partial<typeof good>) =>
    `{${Object.entries({ ...good, ...change }).map(([key, value]) => `'${key}': ${value}`).join(", ")}, }`;
  const cases: [Partial<typeof good>, RegExp][] = [
    [{ descr: "'>u4'" }, /numbers of type \|u1, .*, got >u4/],
    [{ descr: "'<f2'" }, /got <f2/],
    [{ descr: "'|b1'" }, /got \|b1/],
    [{ descr: "'<U2'" }, /got <U2/],
    [{ descr: "'|O'" }, /got \|O/],
    [{ descr: "'constructor'" }, /got constructor/],
    [{ descr: "[('x', '<u4')]" }, /an array of numbers/],
    [{ fortran_order: "0" }, /an array of numbers/],
    [{ shape: "2" }, /an array of numbers/],
    [{ shape: "(-2,)" }, /an array of numbers/],
    [{ shape: "(2.0,)" }, /an array of numbers/],
    [{ shape: "(1 2,)" }, /elements for <u4 \(NaN\), got 8 bytes/],
    [{ shape: "(3,)" }, /elements for <u4 \(3\), got 8 bytes/],
    [{ shape: "(2, 0)" }, /elements for <u4 \(2, 0\)/],
    [{ shape: "()" }, /elements for <u4 \(\)/],
    [{ shape: `(${"9".repeat(400)}, 0)` }, /elements for/],
  ];
  assert.equal(readNpy(file(header({})), "a.npy").data, Uint32Array.of(0x04030201, 0x08070605));
  for (const [change, message] of cases) {
    assert.throws(
      () => readNpy(file(header(change)), "a.npy"),
      (error: Error) => error instanceof CheckpointError && message.test(error.message),
      JSON.stringify(change),
    );
  }
  assert.throws(() => readNpy(file(header({}).padEnd(10001)), "a.npy"), /10001 bytes of header/);
});

test("damaged files give typed errors or other numbers, never anything else", () => {
  const edits = fc.array(
    fc.tuple(fc.nat(200), fc.oneof(fc.nat(255), fc.constantFrom(...utf8("'(),<>90 ")))),
    {
      maxLength: 3,
    },
  );
  fc.assert(
    fc.property(arrays, edits, fc.option(fc.nat(200)), (array, edits, cut) => {
      const bytes = writeNpy(array).slice(0, cut ?? undefined);
      for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
      try {
        const { shape, data } = readNpy(bytes, "a.npy");
        return data.length === sizeOf(shape) && data.byteLength <= bytes.length;
      } catch (error) {
        return error instanceof CheckpointError;
      }
    }),
    { numRuns: 3000 },
  );
});

test.run();
