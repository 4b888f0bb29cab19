/** A video tokenizer from a checkpoint, and films as tensors. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { createImage, filledImage } from "../../src/image/image.ts";
import { imagesToTensor } from "../../src/image/pixels.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { readTokens } from "../../src/tokenizer/read_tokens.ts";
import { tokensToJson, tokensToNpz } from "../../src/tokenizer/token_file.ts";
import { TokenEncoderStream } from "../../src/tokenizer/token_streams.ts";
import type { Tokens } from "../../src/tokenizer/tokens.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { scratch, voken } from "../cli/support.ts";
import { nmse, readGolden, tokenizerConfig } from "../golden/golden.ts";
import { framesOf } from "../golden/tokenizer_golden.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";
import { shippedSample } from "../support/models.ts";

const test = suite("video tokenizer");

const folder = scratch();
const golden = await readGolden("video_tiny"),
  config = tokenizerConfig(golden),
  file = folder.at("video.safetensors");
await writeSafetensors(file, {
  tensors: [...parameterShapes(config)].map(([name, shape]) => ({
    ...{ name, shape, dtype: "f32" as const },
    data: () => new Uint8Array(hashedWeight(name, shape).buffer),
  })),
});
const tokenizer = await Tokenizer.load(file, { threads: 2 });
test.after(async () => {
  await tokenizer[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const inputOf = (golden: Awaited<ReturnType<typeof readGolden>>) => {
  const { name, shape } = JSON.parse(golden.metadata.input!);
  return f32Tensor(shape, hashed(name, shape));
};
const close = (actual: HostTensor, expected: HostTensor) => {
  assert.equal(actual.shape, expected.shape);
  const error = nmse(actual.data, expected.data);
  assert.ok(error <= 1e-6, `NMSE ${error}`);
};

test("films become the tokens of PyTorch, and films again", async () => {
  assert.equal(tokenizer.config, config);
  for (const golden of [await readGolden("video_tiny"), await readGolden("video_tiny_one_frame")]) {
    const { z, tokens } = await tokenizer.encodeTensor(inputOf(golden));
    close(z, golden.tensor("z"));
    assert.equal(tokens.shape, golden.tensor("tokens").shape);
    const given = golden.tensor("tokens") as HostTensor<"u32">;
    close(await tokenizer.decodeTensor(given), golden.tensor("reconstruction"));
    const codes = f32Tensor(z.shape);
    const cells = given.data.length;
    codes.data.forEach((_, i) => {
      codes.data[i] = given.data[i % cells]! >>> Math.floor(i / cells) & 1 ? 1 : -1;
    });
    close(await tokenizer.decodeTensor(codes), golden.tensor("reconstruction"));
  }
});

test("films of other lengths lose the frames after the last that a token begins with", async () => {
  for (const [frames, latents] of [[1, 1], [4, 1], [5, 2], [8, 2]] as const) {
    const shape = [1, 3, frames, 32, 32];
    const { tokens } = await tokenizer.encodeTensor(f32Tensor(shape, hashed("film", shape)));
    assert.equal(tokens.shape, [1, latents, 4, 4]);
    assert.is((await tokenizer.decodeTensor(tokens)).shape[2], 1 + 4 * (latents - 1));
  }
});

test("a long film is the reference's, window by window", async () => {
  const golden = await readGolden("video_long"),
    config = tokenizerConfig(golden),
    shapes = parameterShapes(config);
  const read = (name: string) => Promise.resolve(hashedWeight(name, shapes.get(name)!));
  await using tokenizer = await Tokenizer.fromWeights({ config, source: { shapes, read } }, { threads: 2 });
  const x = inputOf(golden), z = golden.tensor("z") as HostTensor<"f32">;
  const tokens = golden.tensor("tokens") as HostTensor<"u32">;
  const reconstruction = golden.tensor("reconstruction") as HostTensor<"f32">;
  // Of the last six frames the reference gives five back.
  const windows: [from: number, frames: number][] = [[0, 17], [17, 17], [34, 6]];
  let latents = 0;
  for (const [from, count] of windows) {
    const encoded = await tokenizer.encodeTensor(framesOf(x, from, count));
    const length = encoded.tokens.shape[1]!;
    close(encoded.z, framesOf(z, latents, length));
    const given = tokens.data.slice(latents * 16, (latents + length) * 16);
    assert.equal(encoded.tokens.data, given);
    const decoded = await tokenizer.decodeTensor(u32Tensor([1, length, 4, 4], given));
    close(decoded, framesOf(reconstruction, from, decoded.shape[2]!));
    latents += length;
  }
  assert.equal([latents, tokens.shape[1]], [21, 21]);
});

/** Frames of different colours. */
const frames = (count: number, { width = 30, height = 26 } = {}) =>
  Array.from({ length: count }, (_, t) => {
    const image = createImage({ width, height });
    image.data.forEach((_, i) => image.data[i] = i * 3 + t * 40);
    return image;
  });

test("long films are encoded in windows of 17 frames while they come, and none is lost", async () => {
  const film = frames(40);
  let taken = 0;
  const coming = async function* () {
    for (const frame of film) {
      taken++;
      yield await Promise.resolve(frame);
    }
  };
  const windows: Tokens[] = [];
  for await (const window of tokenizer.encodeStream(coming())) {
    windows.push(window);
    assert.ok(taken <= 17 * windows.length, `${taken} frames were taken for ${windows.length} windows`);
  }
  assert.equal(windows.map(({ grid }) => grid), [[5, 4, 4], [5, 4, 4], [3, 4, 4]]);
  const size = { width: 30, height: 26 };
  assert.equal(windows.map(({ size }) => size), [size, size, { ...size, frames: 6 }]);
  // A window is what the tensor of its frames is, the last frame repeated.
  for (const [i, count] of [17, 17, 9].entries()) {
    const own = Array.from({ length: count }, (_, t) => film[Math.min(17 * i + t, 39)]!);
    const x = imagesToTensor(own, { factor: 8 }),
      [, , height, width] = x.shape as [number, number, number, number];
    const turned = f32Tensor([1, 3, count, height, width]);
    const plane = height * width;
    for (let t = 0; t < count; t++) {
      for (let c = 0; c < 3; c++) {
        turned.data.set(
          x.data.subarray((t * 3 + c) * plane, (t * 3 + c + 1) * plane),
          (c * count + t) * plane,
        );
      }
    }
    const { tokens } = await tokenizer.encodeTensor(turned);
    assert.equal(tokens.data, windows[i]!.data);
  }
  const again = await Array.fromAsync(tokenizer.decodeStream(windows));
  assert.is(again.length, 40);
  assert.ok(again.every(({ width, height }) => width === 30 && height === 26));
});

test("what says the size of a film outlasts files of tokens", async () => {
  const tokens = await Array.fromAsync(tokenizer.encodeStream(frames(3)));
  assert.equal(tokens[0]!.size, { width: 30, height: 26, frames: 3 });
  const files = [tokensToNpz(tokens), new TextEncoder().encode(tokensToJson(tokens))];
  for (const bytes of files) assert.equal(await readTokens(bytes), tokens);
  const encoder = new TokenEncoderStream({ count: 1 }), written = new Response(encoder.readable).bytes();
  const writer = encoder.writable.getWriter();
  await writer.write(tokens[0]!);
  await writer.close();
  assert.equal(await readTokens(await written), tokens);
});

test("frames of another size are refused by their number, and what is aborted ends", async () => {
  const film = [...frames(20), ...frames(1, { width: 20 })];
  const error = await Array.fromAsync(tokenizer.encodeStream(film)).catch((error) => error);
  assert.match(error.message, /frame 20: expected 30×26 like the first, got 20×26/);
  const client = new AbortController(), reason = new Error("enough");
  const windows = tokenizer.encodeStream(frames(60), { signal: client.signal });
  await windows.next();
  client.abort(reason);
  assert.is(await windows.next().catch((error) => error), reason);
});

test("what is no film is refused, with what to do", async () => {
  const refused = async (work: () => Promise<unknown>, names: RegExp) => {
    const error: Error = await work().then(() => new Error("it was taken"), (error) => error);
    assert.instance(error, ArgumentError);
    assert.match(error.message, names);
  };
  const image = filledImage({ width: 32, height: 32 }, [1, 2, 3]);
  await refused(() => tokenizer.encode(image), /got a video tokenizer; give it films by encodeStream/);
  await refused(() => tokenizer.checkSize(image), /video tokenizer/);
  await refused(() => tokenizer.encodeTensor(f32Tensor([1, 3, 32, 32])), /f32 NCTHW \[N,3,T,H,W\]/);
  await refused(() => tokenizer.encodeTensor(f32Tensor([1, 3, 5, 32, 30])), /multiples of 8/);
  await refused(() => tokenizer.decodeTensor(u32Tensor([1, 4, 4])), /tokens u32 NTHW/);
  await refused(() => tokenizer.decodeTensor(u32Tensor([1, 1, 1, 1])), /at least two tokens/);
});

test("commands, which take images, say what it is", async () => {
  const { code, notes } = await voken(["encode", "-m", file, "--json", shippedSample("ring")]);
  assert.is(code, 1);
  assert.match(notes, /expected an image tokenizer, got a video tokenizer/);
});

test.run();
