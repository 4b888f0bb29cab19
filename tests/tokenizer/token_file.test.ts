import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeNpz } from "../../src/io/npz.ts";
import { ArgumentError, CheckpointError } from "../../src/tensor/errors.ts";
import { readTokens, tokensToJson, tokensToNpz } from "../../src/tokenizer/token_file.ts";
import type { Tokens } from "../../src/tokenizer/tokens.ts";

const test = suite("token files");

const first: Tokens = { grid: [1, 3], codebookSize: 2 ** 18, data: Uint32Array.of(0, 2 ** 18 - 1, 7) };
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
    '{"codebookSize":262144,"grid":[1,3],"size":{"width":47,"height":9},"tokens":[[0,262143,7]]}',
  );
});

test("files of version 0.1.0, which hold bits, are read", () => {
  const json = text('{"bits":18,"grid":[1,3],"tokens":[[0,262143,7]]}');
  const npz = writeNpz({
    tokens: { shape: [1, 1, 3], data: first.data },
    bits: { shape: [], data: Uint32Array.of(18) },
  });
  for (const file of [json, npz]) assert.equal(readTokens(file, { file: "t" }), [first]);
});

test("a codebook may have as many codes as 32 bits tell apart", () => {
  const largest = { ...first, codebookSize: 2 ** 32, data: Uint32Array.of(0, 2 ** 32 - 1, 7) };
  assert.equal(readTokens(tokensToNpz([largest]), { file: "t" }), [largest]);
});

test("images of different sizes do not go into one file", () => {
  const other: Tokens = { ...first, grid: [3, 1] };
  assert.throws(() => tokensToNpz([first, other]), (error: Error) => error instanceof ArgumentError);
  assert.throws(
    () => tokensToNpz([first, padded]),
    /expected 1×3 of 262144 codes, got 1×3 of 262144 codes for 47×9 pixels/,
  );
  assert.throws(() => tokensToJson([]), /at least one image, got none/);
});

test("refuses files that hold something else", () => {
  const codebookSize = { shape: [], data: Uint32Array.of(18) };
  const tokens = { shape: [1, 1, 1], data: Uint32Array.of(1) };
  const cases: [Uint8Array, RegExp][] = [
    [text(""), /\.npz or JSON.*an empty file/],
    [text("no tokens"), /Cannot read tokens from t\.npz: .* as `voken encode` writes them/],
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff), /something else/],
    [text("null"), /JSON with codebookSize, grid and tokens/],
    [text('{"codebookSize":18,"grid":[1,1],"tokens":[["x"]]}'), /whole numbers from 0 as tokens, got x/],
    [text('{"codebookSize":18,"grid":[1,1],"tokens":[[1.5]]}'), /got 1\.5/],
    [text('{"codebookSize":18,"grid":[1,1],"tokens":[[-1]]}'), /got -1/],
    [writeNpz({ codebookSize }), /an array tokens, got codebookSize/],
    [writeNpz({ tokens }), /an array codebookSize with a number from 2 to 2\^32, got tokens/],
    [writeNpz({ tokens, codebookSize: { shape: [], data: Uint32Array.of(1) } }), /2 to 2\^32, got 1/],
    [
      writeNpz({ codebookSize, tokens: { shape: [2], data: Uint32Array.of(1, 2) } }),
      /tokens of shape \[n,h,w\], got \[2\]/,
    ],
    [writeNpz({ codebookSize, tokens: { shape: [1, 1, 1], data: Float32Array.of(0.5) } }), /whole numbers/],
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
