/** A video tokenizer from a checkpoint, and films as tensors. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { filledImage } from "../../src/image/image.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { scratch, voken } from "../cli/support.ts";
import { nmse, readGolden, tokenizerConfig } from "../golden/golden.ts";
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

test("what is no film is refused, with what to do", async () => {
  const refused = async (work: () => Promise<unknown>, names: RegExp) => {
    const error: Error = await work().then(() => new Error("it was taken"), (error) => error);
    assert.instance(error, ArgumentError);
    assert.match(error.message, names);
  };
  const image = filledImage({ width: 32, height: 32 }, [1, 2, 3]);
  await refused(() => tokenizer.encode(image), /got a video tokenizer; give it films by encodeTensor/);
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
