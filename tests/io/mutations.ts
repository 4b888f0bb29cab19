import fc from "fast-check";
import * as assert from "uvu/assert";
import { openCheckpoint } from "../../src/models/open.ts";
import { tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import { CheckpointError } from "../../src/tensor/errors.ts";
import {
  dict,
  emptyDict,
  global,
  op,
  pickle,
  type Piece,
  storage,
  tensor,
  text,
  tuple,
} from "./torch/pickles.ts";
import { concat, goldenPath, safetensors } from "./support.ts";
import { fields, torchZip, zip, type ZipEnd, type ZipFile } from "./zip/zips.ts";
import { cpuTime } from "../support/cpu_time.ts";

/** Mostly nothing: a file with one lie gets further than a file with many. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Numbers at which readers go wrong. */
const oddNumber = fc.oneof(
  fc.integer({ min: -2, max: 40 }),
  fc.constantFrom(
    0xff,
    0xffff,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    1e300,
    -1,
    0.5,
  ),
);
const count = oddNumber.map((value) => Math.abs(Math.trunc(value)) % 2 ** 48);
const odd = fc.oneof(
  oddNumber,
  fc.constantFrom(null, true, "", "F32", "__proto__", [], [[]], {}, [0, 0], [2 ** 53]),
);

const entry = fc.record({
  dtype: fc.constantFrom<unknown>(
    "F32",
    "F16",
    "F32",
    "F32",
    "U8",
    "BF16",
    "I64",
    "BOOL",
    "F4",
    "toString",
    3,
  ),
  shape: fc.oneof(fc.array(fc.nat(3), { maxLength: 4 }), fc.array(oddNumber, { maxLength: 4 }), odd),
  data_offsets: fc.oneof(fc.tuple(count, count), fc.constantFrom([0, 24], [24, 48], [0, 0], [48, 48]), odd),
}, { requiredKeys: [] });

const goodEntries: readonly [string, unknown][] = [
  ["encoder.conv_in.weight", { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] }],
  ["b", { dtype: "F16", shape: [12], data_offsets: [24, 48] }],
  ["__metadata__", { a: "b", "config.json": "{}" }],
];

/** Safetensors whose header is wrong in one or several fields, or whose bytes are. */
const safetensorsFile = fc.record({
  entries: fc.array(
    fc.tuple(
      fc.constantFrom("encoder.conv_in.weight", "b", "c", "__proto__", "__metadata__", ""),
      fc.oneof(entry, odd),
    ),
    { maxLength: 3 },
  ),
  keep: fc.subarray([...goodEntries]),
  data: fc.constantFrom(0, 24, 47, 48, 48, 48, 49),
  length: rarely(oddNumber),
}).map(({ entries, keep, data, length }) => {
  // Written key by key, so that keys can come twice.
  const body = [...keep, ...entries].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return safetensors(`{${body}}`, {
    data,
    length: length === undefined ? undefined : BigInt.asUintN(64, BigInt(Math.trunc(length))),
  });
});

/** A text with characters exchanged, as a header. */
const safetensorsText = fc.array(fc.tuple(fc.nat(400), fc.constantFrom(...'{}[]",:\\0e-. \u0000u')), {
  maxLength: 4,
})
  .map((edits) => {
    const header = [...JSON.stringify(Object.fromEntries(goodEntries))];
    for (const [at, character] of edits) header[at % header.length] = character;
    return safetensors(header.join(""), { data: 48 });
  });

const storages = { 0: new Uint8Array(96), 1: new Uint8Array(48) };
const from = storage({ elements: 24 });
const goodPickle: Piece = dict({
  state_dict: dict({
    "encoder.conv_in.weight": tensor({ from }),
    t: tensor({ from, shape: [3, 2], strides: [1, 3] }),
  }),
  path: [global("pathlib", "PurePosixPath"), tuple(text("a")), op(0x52)],
});
const leaves = (piece: Piece): Uint8Array[] => piece instanceof Uint8Array ? [piece] : piece.flatMap(leaves);
const operations = leaves(goodPickle);

/** A pickle whose operations are exchanged, repeated, left out, or new. */
const pickleFile = fc.array(
  fc.record({
    at: fc.nat(operations.length - 1),
    remove: fc.nat(3),
    insert: fc.array(
      fc.oneof(
        fc.nat(operations.length - 1).map((at) => operations[at]!),
        fc.nat(255).map((code) => Uint8Array.of(code)),
        fc.tuple(fc.constantFrom(0x54, 0x58, 0x72, 0x6a, 0x8b, 0x42), count)
          .map(([code, value]) => concat([Uint8Array.of(code), fields([4, value % 2 ** 32])])),
        fc.tuple(fc.constantFrom(0x55, 0x71, 0x68, 0x8a, 0x43, 0x4b), fc.nat(255)).map((bytes) =>
          Uint8Array.from(bytes)
        ),
        fc.constantFrom(
          "os system",
          "torch load",
          "builtins eval",
          "collections OrderedDict",
          "torch._utils _rebuild_parameter",
        )
          .map((name) => leaves(global(...name.split(" ") as [string, string]))[1]!),
      ),
      { maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 4 },
).map((edits) => {
  const mutated = [...operations];
  for (const { at, remove, insert } of edits) mutated.splice(at, remove, ...insert);
  return torchZip(pickle(mutated), storages);
});

const lengths = fc.array(oddNumber, { maxLength: 5 });
/** A pickle of tensors that claim odd storages, offsets, shapes and strides. */
const tensorFile = fc.array(
  fc.record({
    offset: fc.oneof(fc.nat(24), oddNumber),
    shape: fc.oneof(fc.array(fc.nat(4), { maxLength: 4 }), lengths),
    strides: fc.oneof(fc.array(fc.nat(8), { maxLength: 4 }), lengths),
    type: fc.constantFrom(
      "FloatStorage",
      "FloatStorage",
      "HalfStorage",
      "BoolStorage",
      "DoubleStorage",
      "Nope",
    ),
    key: fc.constantFrom("0", "1", "2", "../data.pkl"),
    elements: fc.oneof(fc.constantFrom(24, 12, 48, 96, 6), oddNumber),
  }),
  { maxLength: 3 },
).map((tensors) => {
  const named = tensors.map(({ offset, shape, strides, type, key, elements }, i): [string, Piece] => [
    ["encoder.conv_in.weight", "decoder.conv_out.weight", "x"][i]!,
    tensor({ offset, shape, strides, from: storage({ type, key, elements }) }),
  ]);
  return torchZip(pickle(named.length > 0 ? dict(Object.fromEntries(named)) : emptyDict), storages);
});

const smallBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(fc.constantFrom(1, 2, 3), fc.array(count, { maxLength: 4 })).map(([words, values]) =>
    fields([2, 1], [2, 8 * words], ...values.map((value) => [8, value] as const))
  ),
);
const zipFileChange: fc.Arbitrary<Partial<ZipFile>> = fc.record({
  localName: rarely(fc.constantFrom("a/data/9", "a/data.pkl", "")),
  localExtra: rarely(smallBytes),
  localMethod: rarely(fc.constantFrom(0, 8)),
  method: rarely(fc.constantFrom(0, 8, 99)),
  flags: rarely(fc.constantFrom(0, 1, 8, 0x808, 0xffff)),
  localFlags: rarely(fc.constantFrom(0, 8, 0x800)),
  stored: rarely(count),
  whole: rarely(count),
  offset: rarely(count),
  extra: rarely(smallBytes),
  gap: rarely(smallBytes),
  descriptor: rarely(fc.oneof(fc.constant(true as const), smallBytes)),
});
const zipEndChange: fc.Arbitrary<ZipEnd> = fc.record({
  count: rarely(count),
  bytes: rarely(count),
  start: rarely(count),
  comment: rarely(smallBytes),
  behind: rarely(smallBytes),
  between: rarely(smallBytes),
  zip64: rarely(
    fc.record({
      count: rarely(count),
      bytes: rarely(count),
      start: rarely(count),
      at: rarely(count),
    }),
  ),
});
/** Only what is there: an undefined override would hide the truth. */
const defined = <T extends object>(record: T): T =>
  Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined).map((
      [key, value],
    ) => [key, key === "zip64" ? defined(value) : value]),
  ) as T;
const goodZip: readonly ZipFile[] = [
  { name: "a/data.pkl", data: pickle(goodPickle) },
  { name: "a/byteorder", data: new TextEncoder().encode("little") },
  ...Object.entries(storages).map(([key, data]) => ({ name: `a/data/${key}`, data })),
];
/** A zip that lies in one or several records. */
const zipFile = fc.record({
  changes: fc.array(fc.tuple(fc.nat(3), zipFileChange), { maxLength: 2 }),
  order: rarely(fc.shuffledSubarray([0, 1, 2, 3, 3], { minLength: 3 })),
  end: zipEndChange,
}).map(({ changes, order, end }) => {
  const files = goodZip.map((file) => ({ ...file }));
  for (const [i, change] of changes) files[i] = { ...files[i]!, ...defined(change) };
  return zip(order?.map((i) => files[i]!) ?? files, defined(end));
});

/** PyTorch's own file and ours with bytes set, inserted and removed, and cut anywhere. */
const bases = [
  await Deno.readFile(goldenPath("dtypes.pth")),
  zip(goodZip, { zip64: {} }),
  safetensors(Object.fromEntries(goodEntries), { data: 48 }),
  await Deno.readFile(goldenPath("legacy_not_zip.pth")),
];
const bytesFile = fc.record({
  base: fc.constantFrom(...bases),
  edits: fc.array(
    fc.record({
      at: fc.nat(2 ** 16),
      fromEnd: fc.boolean(),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
      kind: fc.constantFrom("set", "set", "set", "insert", "remove"),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  cut: rarely(fc.nat(2 ** 16)),
}).map(({ base, edits, cut }) => {
  let mutated: Uint8Array<ArrayBuffer> = base;
  for (const { at, fromEnd, bytes, kind } of edits) {
    const place = fromEnd ? mutated.length - 1 - (at % Math.min(mutated.length, 400)) : at % mutated.length;
    const behind = mutated.subarray(kind === "insert" ? place : place + bytes.length);
    mutated = concat([mutated.subarray(0, place), kind === "remove" ? new Uint8Array() : bytes, behind]);
    if (mutated.length === 0) break;
  }
  return cut === undefined ? mutated : mutated.slice(0, cut % (mutated.length + 1));
});

/** Ways to make hostile files, by name. */
export const mutants: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = {
  "safetensors headers": safetensorsFile,
  "safetensors texts": safetensorsText,
  "pickle operations": pickleFile,
  "tensor claims": tensorFile,
  "zip records": zipFile,
  "bytes": bytesFile,
};

/** What became of the mutants. */
export interface Outcome {
  refused: number;
  accepted: number;
  slowest: number;
}

/** Reads all that a file claims to hold. Only a `CheckpointError` may come, and no tensor out of proportion. */
export async function checkMutant(bytes: Uint8Array, outcome: Outcome): Promise<void> {
  const start = cpuTime();
  try {
    await using checkpoint = await openCheckpoint(bytes);
    for (const [name, { shape }] of checkpoint.tensors) {
      const values = await checkpoint.read(name);
      assert.is(values.length, shape.reduce((product, length) => product * length, 1));
      assert.ok(
        values.byteLength <= Math.max(2 ** 22, 4 * bytes.length),
        `${values.byteLength} bytes in ${name}`,
      );
    }
    outcome.accepted++;
    tokenizerWeights(checkpoint);
    assert.unreachable("no mutant is a tokenizer");
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    if (!error.message.startsWith("Cannot load") && !error.message.startsWith("Cannot infer")) {
      outcome.refused++;
    }
  }
  outcome.slowest = Math.max(outcome.slowest, cpuTime() - start);
}

/** Runs `numRuns` mutants of a kind, and holds time and memory within bounds. */
export async function checkMutants(kind: string, numRuns: number): Promise<Outcome> {
  const outcome: Outcome = { refused: 0, accepted: 0, slowest: 0 };
  const before = Deno.memoryUsage().rss;
  await fc.assert(fc.asyncProperty(mutants[kind]!, (bytes) => checkMutant(bytes, outcome)), { numRuns });
  assert.ok(outcome.refused > numRuns / 20, `${outcome.refused} of ${numRuns} were refused`);
  assert.ok(outcome.slowest < 3000, `${outcome.slowest} ms`);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 200e6, `${grown} bytes more`);
  return outcome;
}
