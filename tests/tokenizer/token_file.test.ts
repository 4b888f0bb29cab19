import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeNpz } from "../../src/io/npz.ts";
import { safetensorsHeader } from "../../src/io/safetensors/write.ts";
import { ArgumentError, CheckpointError, VokenError } from "../../src/tensor/errors.ts";
import { readTokens } from "../../src/tokenizer/read_tokens.ts";
import { tokensToJson, tokensToNpz } from "../../src/tokenizer/token_file.ts";
import { TokenDecoderStream, TokenEncoderStream } from "../../src/tokenizer/token_streams.ts";
import type { Tokens } from "../../src/tokenizer/tokens.ts";

const test = suite("token files");

const first: Tokens = { grid: [1, 3], codebookSize: 2 ** 18, data: Uint32Array.of(0, 2 ** 18 - 1, 7) };
const second: Tokens = { ...first, data: Uint32Array.of(1, 2, 3) };
const padded: Tokens = { ...first, size: { width: 47, height: 9 } };
const video: Tokens = { ...first, grid: [3, 1, 1] };
const text = (value: string) => new TextEncoder().encode(value);

/** The bytes that a `TokenEncoderStream` makes. */
async function encoded(all: readonly Tokens[], count = all.length): Promise<Uint8Array> {
  const stream = ReadableStream.from(all).pipeThrough(new TokenEncoderStream({ count }));
  return await new Response(stream).bytes();
}

/** What a `TokenDecoderStream` makes of bytes that come in pieces. */
async function decoded(bytes: Uint8Array, pieceBytes: number): Promise<Tokens[]> {
  const pieces = ReadableStream.from((function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      yield new Uint8Array(bytes.slice(at, at + pieceBytes));
    }
  })());
  return await Array.fromAsync(pieces.pipeThrough(new TokenDecoderStream()));
}

test("every form gives the tokens back, as bytes, a Blob, a path or a stream", async () => {
  const path = await Deno.makeTempFile();
  try {
    for (const all of [[first], [first, second], [padded], [video, video]]) {
      for (const bytes of [tokensToNpz(all), text(tokensToJson(all)), await encoded(all)]) {
        await Deno.writeFile(path, bytes);
        const { buffer } = new Uint8Array(bytes);
        for (const source of [bytes, buffer, new Blob([buffer]), path, new URL(`file://${path}`)]) {
          assert.equal(await readTokens(source), all);
        }
        for (const pieceBytes of [1, 7, 100, 1e6]) assert.equal(await decoded(bytes, pieceBytes), all);
      }
    }
  } finally {
    await Deno.remove(path);
  }
  assert.is(
    tokensToJson([padded]),
    '{"codebookSize":262144,"grid":[1,3],"size":{"width":47,"height":9},"tokens":[[0,262143,7]]}',
  );
  // The ninth byte is that of a safetensors header.
  const odd = text(
    '{"size":{"width":47,"height":9},"codebookSize":262144,"grid":[1,3],"tokens":[[0,262143,7]]}',
  );
  assert.equal(await readTokens(odd), [padded]);
});

test("streams hold one image's tokens at a time", async () => {
  let made = 0, read = 0;
  const many = ReadableStream.from((function* () {
    for (; made < 1000; made++) {
      assert.ok(made - read < 20, `${made} made, ${read} read`);
      yield { ...first, data: Uint32Array.of(made, 0, 0) };
    }
  })());
  const bytes = many.pipeThrough(new TokenEncoderStream({ count: 1000 }));
  for await (const { data } of bytes.pipeThrough(new TokenDecoderStream())) assert.is(data[0], read++);
  assert.is(read, 1000);
});

test("a reader may stop early, and an error of the source comes through", async () => {
  let cancelled = false;
  const headed = new Uint8Array(await encoded([first, second]));
  const bytes = new ReadableStream({
    pull: (controller) => controller.enqueue(headed),
    cancel: () => void (cancelled = true),
  });
  for await (const tokens of bytes.pipeThrough(new TokenDecoderStream())) {
    assert.equal(tokens, first);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve));
  assert.ok(cancelled);
  const lost = new ReadableStream({
    pull: (controller) => controller.error(new TypeError("connection lost")),
  });
  const error = await Array.fromAsync(lost.pipeThrough(new TokenDecoderStream())).catch((error) => error);
  assert.is(error.message, "connection lost");
});

test("a stream of more, fewer or other tokens than its file says is refused", async () => {
  const cases: [() => unknown, RegExp][] = [
    [() => encoded([first, second], 1), /expected those of 1 images \(count\), got 2/],
    [() => encoded([first], 2), /expected those of 2 images \(count\), got 1/],
    [() => encoded([first, padded]), /different grids to one file: expected 1×3/],
    [
      () => encoded([{ ...first, data: "123" as never }]),
      /a Uint32Array of 1×3 = 3 tokens, got "123"/,
    ],
    [
      () => new TokenEncoderStream({} as never),
      /count: expected a whole number from 1 on, got nothing/,
    ],
    [() => new TokenEncoderStream({ n: 1 } as never), /option n: expected one of count/],
  ];
  for (const [work, message] of cases) {
    const error = await Promise.resolve().then(work).then(() => undefined, (error) => error);
    assert.instance(error, ArgumentError);
    assert.match(error.message, message);
  }
});

test("files of version 0.1.0, which hold bits, are read", async () => {
  const json = text('{"bits":18,"grid":[1,3],"tokens":[[0,262143,7]]}');
  const npz = writeNpz({
    tokens: { shape: [1, 1, 3], data: first.data },
    bits: { shape: [], data: Uint32Array.of(18) },
  });
  for (const file of [json, npz]) assert.equal(await readTokens(file), [first]);
});

test("a codebook may have as many codes as 32 bits tell apart", async () => {
  const largest = { ...first, codebookSize: 2 ** 32, data: Uint32Array.of(0, 2 ** 32 - 1, 7) };
  assert.equal(await readTokens(tokensToNpz([largest])), [largest]);
});

test("images of different sizes do not go into one file", () => {
  const other: Tokens = { ...first, grid: [3, 1] };
  assert.throws(() => tokensToNpz([first, other]), (error: Error) => error instanceof ArgumentError);
  assert.throws(
    () => tokensToNpz([first, padded]),
    /expected 1×3 of 262144 codes, got 1×3 of 262144 codes for 47×9 pixels/,
  );
  assert.throws(() => tokensToJson([]), /at least one image, got \[\]/);
});

test("refuses files that hold something else", async () => {
  const codebookSize = { shape: [], data: Uint32Array.of(18) };
  const tokens = { shape: [1, 1, 1], data: Uint32Array.of(1) };
  const layout = { name: "tokens", dtype: "u32", shape: [1, 1, 1] } as const;
  const whole = await encoded([first]);
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
    [
      safetensorsHeader({}, [{ ...layout, shape: [0, 4] }]),
      /expected tokens u32 \[n,h,w\], got tokens u32 \[0,4\]/,
    ],
    [
      safetensorsHeader({}, [{ ...layout, shape: [0, 1, 1] }]),
      /codebookSize as JSON in the metadata, under token_set/,
    ],
    [whole.subarray(0, whole.length - 1), /its length: expected \d+ bytes, as its header says, got \d+/],
  ];
  for (const [bytes, message] of cases) {
    const error = await readTokens(new File([new Uint8Array(bytes)], "t.npz")).catch((error) => error);
    assert.instance(error, CheckpointError);
    assert.match(error.message, message);
  }
  const cut = await decoded(whole.subarray(0, whole.length - 1), 5).catch((error) => error);
  assert.instance(cut, CheckpointError);
  assert.match(cut.message, /Cannot read the stream: expected 12 bytes from byte \d+, got the end after/);
});

test("no source, bytes or tokens, however odd, give an untyped error", async () => {
  const anything = fc.anything({ withNullPrototype: true, withTypedArray: true });
  const like = fc.record({
    grid: fc.oneof(fc.constant([1, 2]), anything),
    codebookSize: fc.oneof(fc.constant(4), anything),
    data: fc.oneof(fc.uint32Array({ minLength: 2, maxLength: 2 }), anything),
    size: anything,
  }, { requiredKeys: [] });
  const works: ((value: unknown) => unknown)[] = [
    (value) => readTokens(value as string),
    (value) => tokensToNpz(value as Tokens[]),
    (value) => tokensToJson([value] as Tokens[]),
    (value) => encoded([value as Tokens]),
    (value) => new TokenEncoderStream(value as { count: number }),
  ];
  await fc.assert(fc.asyncProperty(fc.oneof(anything, like), async (value) => {
    for (const work of works) {
      const error = await Promise.resolve(value).then(work).then(() => undefined, (error) => error);
      if (error !== undefined) assert.instance(error, VokenError);
    }
  }));
});

test.run();
