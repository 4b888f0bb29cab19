import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { describe } from "../../src/tensor/describe.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { nearest } from "../../src/tensor/nearest.ts";
import {
  callback,
  cancellable,
  checkOptions,
  flag,
  type Kinds,
  numberFrom,
  oneOf,
  required,
  wholeNumber,
} from "../../src/tensor/options.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";

const test = suite("options");

interface Options {
  n: number;
  threads?: number;
  ratio?: number;
  backend?: "wasm" | "webgpu";
  raw?: boolean;
  onProgress?: () => void;
  signal?: AbortSignal;
}

const kinds: Kinds<Options> = {
  n: required(wholeNumber(1)),
  threads: wholeNumber(1, 256),
  ratio: numberFrom(0, 1),
  backend: oneOf(["wasm", "webgpu"]),
  raw: flag,
  onProgress: callback,
  ...cancellable,
};

const check = (options: unknown) => checkOptions(options as Options, kinds, "start");

test("options of the right kinds pass, and undefined ones", () => {
  check({ n: 1 });
  check({ n: 3, threads: 256, ratio: 0.5, backend: "wasm", raw: false, onProgress() {} });
  check({ n: 3, threads: undefined, signal: AbortSignal.timeout(1000) });
});

test("unknown options are named with the nearest known one, or ours for that of another library", () => {
  const known = "one of n, threads, ratio, backend, raw, onProgress, signal";
  const cases: [object, string][] = [
    [{ n: 1, treads: 2 }, `Cannot start: option treads: expected ${known}; did you mean threads?`],
    [
      { n: 1, on_progress: 2 },
      `Cannot start: option on_progress: expected ${known}; did you mean onProgress?`,
    ],
    [{ n: 1, device: "gpu" }, `Cannot start: option device: expected ${known}; here it is called backend`],
    [{ n: 1, completelyElse: 2 }, `Cannot start: option completelyElse: expected ${known}`],
    [{ n: 1, toString: 2 }, `Cannot start: option toString: expected ${known}`],
  ];
  for (const [options, message] of cases) {
    assert.throws(
      () => check(options),
      (error: unknown) => error instanceof ArgumentError && error.message === message,
      message,
    );
  }
});

test("options of another kind are refused with what came", () => {
  const cases: [unknown, RegExp][] = [
    [{}, /^Cannot start: n: expected a whole number from 1 on, got nothing$/],
    [{ n: "1" }, /n: expected a whole number from 1 on, got "1"$/],
    [{ n: 1, threads: 0 }, /threads: expected a whole number from 1 to 256, got 0$/],
    [{ n: 1, ratio: NaN }, /ratio: expected a number from 0 to 1, got NaN$/],
    [{ n: 1, backend: "wasn" }, /backend: expected one of wasm, webgpu, got "wasn"; did you mean wasm\?$/],
    [{ n: 1, raw: "yes" }, /raw: expected true or false, got "yes"$/],
    [{ n: 1, onProgress: null }, /onProgress: expected a function, got null$/],
    [{ n: 1, signal: new AbortController() }, /signal: expected an AbortSignal, got a value of the type Ab/],
    [null, /^Cannot start: options: expected an object, got null$/],
    [[1], /options: expected an object, got \[1\]$/],
    [Promise.resolve({ n: 1 }), /options: expected an object, got a promise; put await before it$/],
  ];
  for (const [options, message] of cases) {
    assert.throws(
      () => check(options),
      (error: Error) => error instanceof ArgumentError && message.test(error.message),
      `${message}`,
    );
  }
});

test("values are described briefly, whatever they are", () => {
  const cases: [unknown, string][] = [
    [undefined, "nothing"],
    [f32Tensor([1, 2, 2, 3]), "a tensor f32 [1,2,2,3]"],
    [{ width: 3, height: 2, data: new Uint8Array(18) }, "an image of 3×2"],
    [new Float32Array(3), "a Float32Array of 12 bytes"],
    [["a"], "a list of 1"],
    [{ a: 1, b: 2 }, "an object with a, b"],
    [Object.create(null), "an empty object"],
    [Symbol("x"), "Symbol(x)"],
    [new Blob([]), "a value of the type Blob"],
  ];
  for (const [value, text] of cases) assert.is(describe(value), text);
  fc.assert(fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (value) => {
    assert.ok(describe(value).length < 200);
  }));
});

test("no options, however odd, give an untyped error", () => {
  fc.assert(fc.property(fc.anything({ withNullPrototype: true }), (options) => {
    try {
      check(options);
    } catch (error) {
      assert.instance(error, ArgumentError);
    }
  }));
});

test("the nearest name is that with the fewest edits, or that it begins", () => {
  const names = ["threads", "topK", "topP", "temperature"];
  const cases = { treads: "threads", top_p: "topP", TEMP: "temperature", x: undefined, tip: undefined };
  for (const [name, found] of Object.entries(cases)) assert.is(nearest(name, names), found);
});

test.run();
