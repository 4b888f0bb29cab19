import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeNpz } from "../../src/io/npz.ts";
import { ArgumentError, CheckpointError } from "../../src/tensor/errors.ts";
import { readTokens, tokensToJson, tokensToNpz } from "../../src/tokenizer/token_file.ts";
import type { Tokens } from "../../src/tokenizer/tokens.ts";

const test = suite("token files");

const first: Tokens = { grid: [1, 3], bits: 18, data: Uint32Array.of(0, 2 ** 18 - 1, 7) };
const second: Tokens = { ...first, data: Uint32Array.of(1, 2, 3) };
const padded: Tokens = { ...first, size: { width: 47, height: 9 } };
const text = (value: string) => new TextEncoder().encode(value);

test("both forms give the tokens back", () => {
  for (const all of [[first], [first, second], [padded]]) {
    assert.equal(readTokens(tokensToNpz(all), { file: "t" }), all);
    assert.equal(readTokens(text(tokensToJson(all)), { file: "t" }), all);
  }
  assert.is(
    tokensToJson([padded]),
    '{"bits":18,"grid":[1,3],"size":{"width":47,"height":9},"tokens":[[0,262143,7]]}',
  );
});

test("images of different sizes do not go into one file", () => {
  const other: Tokens = { ...first, grid: [3, 1] };
  assert.throws(() => tokensToNpz([first, other]), (error: Error) => error instanceof ArgumentError);
  assert.throws(
    () => tokensToNpz([first, padded]),
    /expected 1×3 of 18 bits, got 1×3 of 18 bits for 47×9 pixels/,
  );
  assert.throws(() => tokensToJson([]), /at least one image, got none/);
});

test("refuses files that hold something else", () => {
  const bits = { shape: [], data: Uint32Array.of(18) };
  const cases: [Uint8Array, RegExp][] = [
    [text(""), /\.npz or JSON.*an empty file/],
    [text("no tokens"), /Cannot read tokens from t\.npz: .* as `voken encode` writes them/],
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff), /something else/],
    [text("null"), /JSON with bits, grid and tokens/],
    [text('{"bits":18,"grid":[1,1],"tokens":[["x"]]}'), /whole numbers from 0 as tokens, got x/],
    [text('{"bits":18,"grid":[1,1],"tokens":[[1.5]]}'), /got 1\.5/],
    [text('{"bits":18,"grid":[1,1],"tokens":[[-1]]}'), /got -1/],
    [writeNpz({ bits }), /an array tokens, got bits/],
    [writeNpz({ tokens: { shape: [1, 1, 1], data: Uint32Array.of(1) } }), /an array bits, got tokens/],
    [
      writeNpz({ bits, tokens: { shape: [2], data: Uint32Array.of(1, 2) } }),
      /tokens of shape \[n,h,w\], got \[2\]/,
    ],
    [writeNpz({ bits, tokens: { shape: [1, 1, 1], data: Float32Array.of(0.5) } }), /whole numbers/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => readTokens(bytes, { file: "t.npz" }),
      (error: Error) => error instanceof CheckpointError && message.test(error.message),
      `${message}`,
    );
  }
});

test.run();
