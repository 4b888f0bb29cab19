import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCheckpoint } from "../../../src/models/open.ts";
import { maxPickleOperations } from "../../../src/io/torch/pickle.ts";
import {
  build,
  dict,
  emptyDict,
  emptyList,
  emptyTuple,
  flatten,
  global,
  int,
  mark,
  none,
  op,
  persistent,
  pickle,
  type Piece,
  reduce,
  stop,
  tensor,
  text,
  tuple,
} from "./pickles.ts";
import { readAll, refused } from "../support.ts";
import { torchZip } from "../zip/zips.ts";
import { cpuTime } from "../../support/cpu_time.ts";

const test = suite("pickle");

const storages = { 0: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer) };
const file = (...pieces: Piece[]) => torchZip(pickle(...pieces), storages);
const call = (
  module: string,
  name: string,
  ...args: Piece[]
): Piece => [global(module, name), tuple(...args), reduce];

const hostileNames = [
  ["builtins", "eval"],
  ["builtins", "getattr"],
  ["__builtin__", "exec"],
  ["os", "system"],
  ["posix", "system"],
  ["subprocess", "Popen"],
  ["operator", "attrgetter"],
  ["os", "popen"],
  ["nt", "system"],
  ["sys", "modules"],
  ["torch.hub", "load"],
  ["webbrowser", "open"],
  ["urllib.request", "urlopen"],
] as const;
for (const [module, name] of hostileNames) {
  test(`GLOBAL ${JSON.stringify(module)} ${name} is refused by name, called or not`, async () => {
    const pattern = /its pickle names ".*do not trust it/;
    await refused(() => openCheckpoint(file(dict({ w: tensor(), x: global(module, name) }))), pattern);
    await refused(
      () => openCheckpoint(file(dict({ w: tensor(), x: call(module, name, text("a")) }))),
      pattern,
    );
  });
}

test("allowed names are never called, and the tensors are read", async () => {
  const object = call("torch", "device", text("x"));
  const contents: Record<string, Piece> = {
    path: call("pathlib", "PurePosixPath", text("a")),
    parameters: call("omegaconf.dictconfig", "DictConfig"),
    plain: call("__builtin__", "set", emptyList),
    any: global("typing", "Any"),
    made: [global("pytorch_lightning.callbacks", "ModelCheckpoint"), emptyTuple, op(0x81)],
    withState: [object, dict({ __class__: text("x"), __proto__: none }), build],
    withItems: [object, mark, int(1), int(2), op(0x75)],
    appended: [object, mark, int(1), int(2), op(0x65)],
    encoded: call("_codecs", "encode", text("\u0000\u0001"), text("latin1")),
    metadata: [call("collections", "OrderedDict"), dict({ _metadata: emptyDict }), build],
  };
  assert.equal(Object.keys(await readAll(file(dict({ ...contents, w: tensor() })))), ["w"]);
});

test("plain values of every kind are read", async () => {
  const contents: Record<string, Piece> = {
    long: op(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1),
    negative: op(0x8a, 1, 0xff),
    long4: op(0x8b, 2, 0, 0, 0, 0, 1),
    float: op(0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0),
    bytes: op(0x55, 1, 7),
    bool: op(0x88),
    nested: [emptyList, mark, [emptyList, int(3), op(0x61)], tuple(int(1)), op(0x65)],
    popped: [int(1), int(2), op(0x30)],
    poppedMark: [int(1), mark, int(2), int(3), op(0x31)],
  };
  await using checkpoint = await openCheckpoint(file(dict(contents)));
  assert.equal(checkpoint.metadata, {
    negative: "-1",
    long4: "256",
    float: "1.5",
    bool: "true",
    popped: "1",
    poppedMark: "1",
  });
});

/** What is wrong with a pickle, and what its error must say. */
const cases: Record<string, [pickle: Uint8Array, pattern: RegExp]> = {
  "no bytes": [new Uint8Array(), /1 more bytes, got 0/],
  "another protocol": [flatten([op(0x80, 6), emptyDict, stop]), /protocol 2 to 5/],
  "no STOP": [flatten([op(0x80, 2), emptyDict]), /1 more bytes, got 0/],
  "bytes behind STOP": [flatten([pickle(emptyDict), op(0)]), /the end of the file, got 1/],
  "two values at the end": [pickle(none, emptyDict), /one value at the end, got 2/],
  "a mark left at the end": [pickle(mark, emptyDict), /one value at the end/],
  "an empty stack at the end": [pickle(), /a value on the stack/],
  "POP of an empty stack": [pickle(op(0x30)), /a value on the stack/],
  "POP of a mark": [pickle(emptyDict, mark, op(0x30)), /a value on the stack/],
  "TUPLE2 of one value": [pickle(none, op(0x86)), /a value on the stack/],
  "TUPLE2 that reaches below a mark": [pickle(none, mark, none, op(0x86)), /a value on the stack/],
  "TUPLE without a mark": [pickle(none, op(0x74)), /a mark on the stack/],
  "REDUCE of one value": [pickle(emptyTuple, reduce), /a value on the stack/],
  "REDUCE of a text": [pickle(text("os.system"), emptyTuple, reduce), /a name to be called, got a string/],
  "REDUCE with a list": [pickle(global("torch", "x"), emptyList, reduce), /a tuple of arguments, got a list/],
  "NEWOBJ of a text": [pickle(text("x"), emptyTuple, op(0x81)), /a name to be called/],
  "BUILD on a number": [pickle(int(1), emptyDict, build), /an object to receive state, got a number/],
  "BUILD on a name": [
    pickle(global("torch", "x"), emptyDict, build),
    /an object to receive state, got a name/,
  ],
  "BUILD of nothing": [pickle(emptyDict, build), /a value on the stack/],
  "APPEND to a dict": [pickle(emptyDict, none, op(0x61)), /a list, got a dict/],
  "SETITEM of a list": [pickle(emptyList, none, none, op(0x73)), /a dict, got a list/],
  "SETITEMS of three values": [
    pickle(emptyDict, mark, none, none, none, op(0x75)),
    /pairs of key and value, got 3/,
  ],
  "GET of an unknown memo": [pickle(op(0x68, 3)), /value 3 in the memo, got none/],
  "PUT of nothing": [pickle(op(0x71, 0)), /a value on the stack/],
  "EXT1": [pickle(op(0x82, 1)), /got 0x82, an extension code/],
  "EXT2": [pickle(op(0x83, 1, 0)), /an extension code/],
  "EXT4": [pickle(op(0x84, 1, 0, 0, 0)), /an extension code/],
  "INST": [pickle(mark, flatten([op(0x69), global("os", "system")])), /protocols 2 to 5, got 0x69/],
  "OBJ": [pickle(mark, global("torch", "x"), op(0x6f)), /protocols 2 to 5, got 0x6f/],
  "STACK_GLOBAL of a forbidden name": [pickle(text("os"), text("system"), op(0x93)), /names "os\.system"/],
  "STACK_GLOBAL of numbers": [pickle(int(1), text("system"), op(0x93)), /two texts as a name/],
  "PERSID": [pickle(op(0x50, 0x30, 0x0a)), /protocols 2 to 5, got 0x50/],
  "a text longer than the file": [pickle(op(0x58, 0xff, 0xff, 0xff, 0xff)), /4294967295 more bytes/],
  "a text that is no UTF-8": [pickle(op(0x58, 1, 0, 0, 0, 0xff)), /text in UTF-8/],
  "an endless name": [pickle(op(0x63), new Uint8Array(300).fill(97)), /a line of at most 256 bytes/],
  "an integer of a megabyte": [
    pickle(op(0x8b, 0, 0, 16, 0), new Uint8Array(2 ** 20)),
    /an integer of at most 255 bytes/,
  ],
  "a persistent id that is no tuple": [pickle(text("storage"), persistent), /a storage as persistent id/],
  "a persistent id of other items": [
    pickle(tuple(text("storage"), text("FloatStorage"), text("0"), text("cpu"), int(6)), persistent),
    /a storage as persistent id/,
  ],
  "a negative storage": [
    pickle(
      tuple(text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), int(-6)),
      persistent,
    ),
    /a storage as persistent id/,
  ],
  "another value than a dict": [pickle(int(1)), /a dict or a module at the top of its pickle/],
};
for (const [what, [pickle, pattern]] of Object.entries(cases)) {
  test(`${what}: refused`, () => refused(() => openCheckpoint(torchZip(pickle, storages)), pattern));
}

test("memo bombs are harmless: doubling, cyclic and deep values are not traversed", async () => {
  const doubling = Array.from({ length: 200 }, (_, i): Piece => [op(0x71, i), op(0x68, i), op(0x86)]);
  const cyclic: Piece = [emptyList, op(0x71, 201), mark, op(0x68, 201), op(0x65)];
  const deep: Piece = [none, Array.from({ length: 300_000 }, () => op(0x85))];
  const contents = { doubling: [text("x".repeat(1000)), doubling], cyclic, deep, w: tensor() };
  const bomb = file(dict(contents));
  const start = cpuTime(), before = Deno.memoryUsage().rss;
  assert.equal(Object.keys(await readAll(bomb)), ["w"]);
  assert.ok(cpuTime() - start < 3000, `${cpuTime() - start} ms`);
  assert.ok(Deno.memoryUsage().rss - before < 150e6, `${Deno.memoryUsage().rss - before} bytes`);
});

test("a memo index of 2^32-1 takes no more memory than another", async () => {
  const contents = {
    x: [none, op(0x72, 0xff, 0xff, 0xff, 0xff), op(0x6a, 0xff, 0xff, 0xff, 0xff), op(0x30)],
    w: tensor(),
  };
  assert.equal(Object.keys(await readAll(file(dict(contents)))), ["w"]);
});

test("more operations than any checkpoint has are refused, in time and memory that are bounded", async () => {
  const bomb = flatten([op(0x80, 2), new Uint8Array(maxPickleOperations).fill(0x7d), stop]);
  const bombFile = torchZip(bomb);
  const start = cpuTime(), before = Deno.memoryUsage().rss;
  await refused(() => openCheckpoint(bombFile), /at most 1000000 operations/);
  assert.ok(cpuTime() - start < 3000, `${cpuTime() - start} ms`);
  assert.ok(Deno.memoryUsage().rss - before < 400e6, `${Deno.memoryUsage().rss - before} bytes`);
});

test("a pickle longer than the limit is refused before it is read", async () => {
  const long = new Uint8Array(33 * 2 ** 20);
  await refused(() => openCheckpoint(torchZip(long)), /a pickle of at most 33554432 bytes, got 34603008/);
});

test.run();
