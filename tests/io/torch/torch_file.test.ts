import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dict, emptyDict, global, pickle, type Piece, storage, tensor, text, tuple } from "./pickles.ts";
import { inFolder, readAll, refused } from "../support.ts";
import { fields, torchZip, zip } from "../zip/zips.ts";

const test = suite("torch files");

const values = Float32Array.from({ length: 24 }, (_, i) => i);
const storages = { 0: new Uint8Array(values.buffer) };
const from = storage({ elements: 24 });
const file = (contents: Record<string, Piece>) => torchZip(pickle(dict(contents)), storages);

test("tensors come row-major, whatever their strides", async () => {
  const { read } = {
    read: async (
      options: { offset?: number; shape: number[]; strides: number[] },
    ) => [...(await readAll(file({ w: tensor({ from, ...options }) }))).w!],
  };
  assert.equal(await read({ shape: [24], strides: [1] }), [...values]);
  assert.equal(await read({ offset: 2, shape: [2, 2], strides: [12, 3] }), [2, 5, 14, 17]);
  assert.equal(await read({ shape: [3, 2], strides: [1, 12] }), [0, 12, 1, 13, 2, 14]);
  assert.equal(
    await read({ shape: [2, 2, 2, 3], strides: [1, 12, 6, 2] }),
    [
      [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22],
      [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23],
    ].flat(),
  );
  assert.equal(await read({ offset: 7, shape: [2, 3], strides: [0, 0] }), Array(6).fill(7), "expanded");
  assert.equal(
    await read({ offset: 23, shape: [1, 1], strides: [99, 77] }),
    [23],
    "strides of single lengths",
  );
  assert.equal(await read({ offset: 5, shape: [], strides: [] }), [5], "scalar");
  assert.equal(await read({ offset: 24, shape: [4, 0], strides: [1, 1] }), [], "empty");
});

test("the tensors are those under state_dict, or at the top", async () => {
  const w = tensor({ from });
  assert.equal(Object.keys(await readAll(file({ a: w, nothing: text("x"), b: w }))), ["a", "b"]);
  assert.equal(Object.keys(await readAll(file({ a: w, state_dict: dict({ c: w }) }))), ["c"]);
  assert.equal(Object.keys(await readAll(file({ state_dict: emptyDict }))), []);
});

test("tensors in nested dicts are named by their paths", async () => {
  const w = tensor({ from }),
    names = async (top: Record<string, Piece>) => Object.keys(await readAll(file(top)));
  assert.equal(await names({ model: dict({ w }), ema: dict({ module: dict({ w }) }) }), [
    "model.w",
    "ema.module.w",
  ]);
  assert.equal(
    await names({ state_dict: dict({ w }), state_dict_ema: dict({ w }), optimizer: dict({ w }) }),
    [
      "w",
      "state_dict_ema.w",
    ],
  );
});

const one = (w: Piece) => file({ w });
/** Tensors that cannot be, and what their error must say. */
const cases: Record<string, [file: Uint8Array, pattern: RegExp]> = {
  "an end beyond the storage": [
    one(tensor({ from, offset: 1, shape: [24], strides: [1] })),
    /within the 24 elements/,
  ],
  "strides beyond the storage": [
    one(tensor({ from, shape: [2, 2], strides: [23, 1] })),
    /within the 24 elements/,
  ],
  "an empty tensor beyond the storage": [
    one(tensor({ from, offset: 25, shape: [0], strides: [1] })),
    /within the 24/,
  ],
  "a negative offset": [one(tensor({ from, offset: -1 })), /an offset, and as many lengths as strides/],
  "a negative stride": [one(tensor({ from, offset: 9, strides: [-1, 1] })), /an offset, and as many lengths/],
  "fewer strides than lengths": [one(tensor({ from, strides: [1] })), /an offset, and as many lengths/],
  "seventeen axes": [
    one(tensor({ from, shape: Array(17).fill(1), strides: Array(17).fill(1) })),
    /an offset, and as/,
  ],
  "no storage": [one(tensor({ from: text("storage") })), /a storage for a tensor/],
  "a storage that is not there": [
    one(tensor({ from: storage({ key: "1", elements: 24 }) })),
    /data\/1 for w, got no such/,
  ],
  "a storage longer than its file": [
    one(tensor({ from: storage({ elements: 25 }) })),
    /100 bytes in data\/0 for w, got 96/,
  ],
  "a storage shorter than its file": [
    one(tensor({ from: storage({ elements: 23 }) })),
    /92 bytes in data\/0 for w, got 96/,
  ],
  "a storage of another type": [
    one(tensor({ from: storage({ type: "DoubleStorage", elements: 24 }) })),
    /192 bytes in data\/0 for w/,
  ],
  "a tensor a billion times its storage": [
    one(tensor({ from, shape: [1 << 30, 1 << 30], strides: [0, 0] })),
    /at most 1048576 elements in w/,
  ],
  "one name twice": [
    torchZip(pickle(emptyMarked([text("w"), tensor({ from }), text("w"), tensor({ from })])), storages),
    /one tensor w, got two/,
  ],
  "a Parameter of nothing": [
    one([global("torch._utils", "_rebuild_parameter"), tuple(text("x")), Uint8Array.of(0x52)]),
    /a tensor in a Parameter/,
  ],
};
for (const [what, [file, pattern]] of Object.entries(cases)) {
  test(`${what}: refused`, () => refused(() => readAll(file), pattern));
}

test("a tensor of an unsupported type is skipped", async () => {
  const complex = tensor({ from: storage({ type: "ComplexFloatStorage", elements: 3 }) });
  assert.equal(Object.keys(await readAll(file({ odd: complex, w: tensor({ from }) }))), ["w"]);
});

test("an unread storage of a gigabyte uses no memory", async () => {
  await inFolder(async (folder) => {
    const elements = 2 ** 28;
    const small = pickle(dict({
      state_dict: dict({ w: tensor({ from }) }),
      optimizer_states: dict({
        m: tensor({ from: storage({ key: "1", elements }), shape: [elements], strides: [1] }),
      }),
    }));
    // The zip of an empty data/1, taken apart so that a hole of the file stands for the data.
    const bytes = elements * 4;
    const pieces = zip([
      { name: "a/data.pkl", data: small },
      { name: "a/data/0", data: storages[0] },
      { name: "a/data/1", data: new Uint8Array(), stored: bytes, whole: bytes },
    ]);
    const view = new DataView(pieces.buffer);
    const end = pieces.length - 22, start = view.getUint32(end + 16, true);
    pieces.set(fields([4, bytes], [4, bytes]), start - 30 - "a/data/1".length + 18);
    view.setUint32(end + 16, start + bytes, true);
    const path = `${folder}/big.ckpt`;
    const out = await Deno.open(path, { write: true, create: true });
    await out.write(pieces.subarray(0, start));
    await out.seek(bytes, Deno.SeekMode.Current);
    await out.write(pieces.subarray(start));
    out.close();
    assert.ok((await Deno.stat(path)).size > bytes);

    const before = Deno.memoryUsage().rss;
    assert.equal(await readAll(path), { w: values.slice(0, 6) });
    assert.ok(Deno.memoryUsage().rss - before < 20e6, `${Deno.memoryUsage().rss - before} bytes`);
  });
});

function emptyMarked(items: readonly Piece[]): Piece {
  return [emptyDict, Uint8Array.of(0x28), items, Uint8Array.of(0x75)];
}

test.run();
