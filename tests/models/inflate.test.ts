/** Video tokenizers made of image tokenizers, held against those that the reference makes. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crc32 } from "../../src/io/crc32.ts";
import { convertCheckpoint } from "../../src/models/convert.ts";
import { inflateTokenizer } from "../../src/models/inflate.ts";
import { emaName } from "../../src/models/names.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import {
  parameterShapes,
  type TokenizerModel,
  tokenizerWeights,
} from "../../src/models/tokenizer_weights.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { f32Tensor, type HostTensor } from "../../src/tensor/tensor.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { voken } from "../cli/support.ts";
import { nmse, readGolden, tokenizerConfig } from "../golden/golden.ts";
import { framesOf } from "../golden/tokenizer_golden.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";
import { goldenPath, inFolder, refused } from "../io/support.ts";

const test = suite("inflated tokenizers");
const golden = await readGolden("video_inflate");
const config = { ...tokenizerConfig(golden), kind: "image" } as const, shapes = parameterShapes(config);

/** Shape and digest of every weight and every average, by the names in checkpoints. */
const expected: Record<string, { shape: Shape; crc32: number }> = JSON.parse(golden.metadata.inflated!);

/** The image tokenizer of the golden, its raw weights or their averages. */
const imageModel = (kind: string): TokenizerModel => ({
  config,
  source: {
    shapes,
    read: (name) => Promise.resolve(hashedWeight(kind === "ema" ? `ema.${name}` : name, shapes.get(name)!)),
  },
});

/** The first frames of the golden's film. */
function film(frames: number): HostTensor<"f32"> {
  const { name, shape } = JSON.parse(golden.metadata.input!);
  return framesOf(f32Tensor(shape, hashed(name, shape)), 0, frames);
}

for (const kind of ["raw", "ema"]) {
  test(`${kind}: every weight is the reference's to the bit`, async () => {
    const stored = (name: string) => kind === "ema" ? emaName(name, "") : name;
    const { source } = inflateTokenizer(imageModel(kind));
    assert.is(2 * source.shapes.size, Object.keys(expected).length);
    for (const [name, shape] of source.shapes) {
      const { crc32: digest, ...rest } = expected[stored(name)]!;
      assert.equal(rest.shape, shape, name);
      const values = await source.read(name);
      assert.is(crc32(new Uint8Array(values.buffer)), digest, name);
    }
  });

  test(`${kind}: one frame has the tokens of the image, and five those of the reference`, async () => {
    await using tokenizer = await Tokenizer.fromWeights(inflateTokenizer(imageModel(kind)), { threads: 2 });
    const one = await tokenizer.encodeTensor(film(1)), five = await tokenizer.encodeTensor(film(5));
    const given = (name: string) => golden.tensor(`${kind}.${name}`);
    assert.ok(nmse(one.z.data, given("one.z").data) <= 1e-6);
    assert.ok(nmse(five.z.data, given("five.z").data) <= 1e-6);
    assert.equal(one.tokens.data, given("one.tokens").data);
    assert.equal(five.tokens.data, given("five.tokens").data);
    const { shape, data } = await tokenizer.decodeTensor(given("five.tokens") as HostTensor<"u32">);
    const [height, width] = shape.slice(3) as [number, number];
    const sample = data.filter((_, i) => Math.floor(i / width) % height % 2 === 1 && i % width % 2 === 0);
    assert.ok(nmse(sample, given("five.reconstruction_sample").data) <= 1e-6);
  });
}

test("a video tokenizer is refused", () => {
  const video = inflateTokenizer(imageModel("raw"));
  assert.throws(() => inflateTokenizer(video), (error: unknown) => error instanceof ArgumentError);
});

test("voken convert --inflate writes one, which is loaded, described and converted like others", async () => {
  await inFolder(async (folder) => {
    const image = goldenPath("lightning_tiny.ckpt");
    assert.is((await voken(["convert", image, "-o", `${folder}/video`, "--inflate"])).code, 0);
    await using before = await openCheckpoint(image);
    await using after = await openCheckpoint(`${folder}/video`);
    const expected = inflateTokenizer(tokenizerWeights(before));
    const actual = tokenizerWeights(after, { video: true });
    assert.equal(actual.config, expected.config);
    for (const name of expected.source.shapes.keys()) {
      assert.equal(await actual.source.read(name), await expected.source.read(name), name);
    }
    const described = await voken(["inspect", `${folder}/video`]);
    assert.match(described.out, /video tokenizer/);
    for (const dtype of ["f16", "q8"] as const) {
      await convertCheckpoint(`${folder}/video`, `${folder}/${dtype}`, { dtype });
      await using tokenizer = await Tokenizer.load(`${folder}/${dtype}`);
      const x = film(1), { z } = await tokenizer.encodeTensor(x);
      await using whole = await Tokenizer.load(`${folder}/video`);
      const error = nmse(z.data, (await whole.encodeTensor(x)).z.data);
      assert.ok(error > 0 && error < (dtype === "f16" ? 1e-5 : 1e-3), `${dtype}: ${error}`);
    }
    const again = convertCheckpoint(`${folder}/video`, `${folder}/again`, { inflate: true });
    await refused(() => again, /an image tokenizer, got a video tokenizer/);
  });
});

test.run();
