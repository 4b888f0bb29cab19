import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { parameterShapes, tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { refused, zeros } from "../io/support.ts";

const test = suite("tokenizer weights");

const image = (
  ch: number,
  chMult: readonly number[],
  numResBlocks: number,
  zChannels: number,
): TokenizerConfig => ({
  kind: "image",
  ch,
  chMult,
  numResBlocks,
  zChannels,
  inChannels: 3,
  outChannels: 3,
});
const config = image(32, [1, 2, 4], 2, 14);
const shapes = parameterShapes(config);

const rename = (shapes: Iterable<readonly [string, Shape]>, name: (name: string) => string) =>
  [...shapes].map(([old, shape]) => [name(old), shape] as const);
const ema = (name: string) => `model_ema.${name.replaceAll(".", "")}`;
const company: [string, Shape][] = [
  ["loss.discriminator.main.0.weight", [64, 3, 4, 4]],
  ["model_ema.decay", []],
  ["model_ema.num_updates", []],
  ["model_ema.lossdiscriminatormain0weight", [64, 3, 4, 4]],
];

for (
  const published of [
    image(128, [1, 1, 2, 2, 4], 4, 18),
    image(128, [1, 2, 2, 4], 4, 18),
    image(128, [1, 1, 2, 2, 4], 4, 14),
    image(32, [1], 1, 1),
    image(64, [1, 2, 2], 3, 32),
  ]
) {
  test(`ch ${published.ch}, ch_mult [${published.chMult}], ${published.zChannels} bits is read off its shapes`, () => {
    const shapes = parameterShapes(published);
    const weights = tokenizerWeights(zeros(shapes));
    assert.equal(weights.config, published);
    assert.is(weights.kind, "raw");
    assert.equal([...weights.source.shapes], [...shapes]);
  });
}

test("averaged weights are taken where there are any, raw ones on demand", async () => {
  const read: string[] = [];
  const checkpoint = {
    ...zeros([...shapes, ...rename(shapes, ema), ...company]),
    read: (name: string) => {
      read.push(name);
      return Promise.resolve(new Float32Array());
    },
  };
  const averaged = tokenizerWeights(checkpoint), raw = tokenizerWeights(checkpoint, { raw: true });
  assert.equal([averaged.kind, raw.kind], ["ema", "raw"]);
  assert.equal(averaged.config, config);
  await averaged.source.read("decoder.up.1.block.0.conv1.weight");
  await raw.source.read("decoder.up.1.block.0.conv1.weight");
  assert.equal(read, ["model_ema.decoderup1block0conv1weight", "decoder.up.1.block.0.conv1.weight"]);
});

test("averaged weights alone are enough, and --raw says that there are no others", async () => {
  const checkpoint = zeros([...rename(shapes, ema), ...company]);
  assert.equal(tokenizerWeights(checkpoint).config, config);
  await refused(
    () => tokenizerWeights(checkpoint, { raw: true }),
    /raw weights, got only averaged \(EMA\) weights/,
  );
});

test("the tokenizer of a whole model is found in front of the transformer", () => {
  const whole = rename(shapes, (name) => `first_stage_model.${name}`);
  const transformer: [string, Shape][] = [["transformer.norm.weight", [64]], ["model_ema.decay", []]];
  assert.equal(tokenizerWeights(zeros([...whole, ...transformer])).kind, "raw");
  const averaged = rename(shapes, (name) => `first_stage_model.${ema(name)}`);
  assert.equal(tokenizerWeights(zeros([...whole, ...averaged, ...transformer])).kind, "ema");
});

test("missing, misshapen and left-over weights are listed in one error", async () => {
  const damaged = new Map(shapes);
  damaged.delete("encoder.down.1.block.0.nin_shortcut.weight");
  damaged.delete("decoder.conv_out.bias");
  damaged.set("decoder.up.0.block.0.conv1.weight", [32, 32, 3, 1]);
  damaged.set("encoder.conv_out.weight", [13, 128, 1, 1]);
  damaged.set("decoder.up.0.attn.0.q.weight", [32, 32, 1, 1]);
  await refused(
    () => tokenizerWeights(zeros(damaged)),
    new RegExp(
      [
        /^Cannot load the tokenizer from test\.ckpt: expected the \d+ weights of ch 32, ch_mult \[1,2,4\], 2 blocks a level, 14 bits, /,
        /got 2 missing \(encoder\.down\.1\.block\.0\.nin_shortcut\.weight, decoder\.conv_out\.bias\); /,
        /2 misshapen \(encoder\.conv_out\.weight is \[13,128,1,1\], not \[14,128,1,1\], /,
        /decoder\.up\.0\.block\.0\.conv1\.weight is \[32,32,3,1\], not \[32,64,3,3\]\); /,
        /1 left over \(decoder\.up\.0\.attn\.0\.q\.weight\)$/,
      ].map(({ source }) => source).join(""),
    ),
  );
});

test("each single weight is missed, by its name", async () => {
  for (const kind of ["raw", "ema"] as const) {
    const stored = rename(shapes, kind === "ema" ? ema : (name) => name);
    for (const [name] of stored) {
      const damaged = new Map(stored);
      damaged.delete(name);
      await refused(
        () => tokenizerWeights(zeros(damaged)),
        new RegExp(`1 missing \\(${name.replaceAll(".", "\\.")}\\)$`),
      );
    }
  }
});

test("each single misshapen weight is reported, by its name", async () => {
  for (const [name, shape] of shapes) {
    const damaged = new Map(shapes).set(name, [...shape, 1, 1]);
    await refused(
      () => tokenizerWeights(zeros(damaged)),
      new RegExp(`${name.replaceAll(".", "\\.")}.*\\[${shape}`),
    );
  }
});

test("a long list is cut", async () => {
  const extra = Array.from({ length: 50 }, (_, i): [string, Shape] => [`encoder.extra.${i}.weight`, [1]]);
  await refused(
    () => tokenizerWeights(zeros([...shapes, ...extra])),
    /50 left over \(encoder\.extra\.0\.weight, .*encoder\.extra\.7\.weight and 42 more\)$/,
  );
});

test("the published video tokenizer is read off its shapes, averaged weights and raw ones", async () => {
  const names: Record<string, Shape> = JSON.parse(
    await Deno.readTextFile(new URL("../golden/video_128_262144.names.json", import.meta.url)),
  );
  const published: TokenizerConfig = { ...image(128, [1, 2, 2, 4], 4, 18), kind: "video" };
  for (const raw of [false, true]) {
    const weights = tokenizerWeights(zeros(Object.entries(names)), { raw, video: true });
    assert.equal([weights.config, weights.kind], [published, raw ? "raw" : "ema"]);
    for (const [name, shape] of weights.source.shapes) assert.equal(names[name], shape, name);
    assert.is(weights.source.shapes.size, 133 + 150);
  }
});

test("a video tokenizer is refused as such", async () => {
  const video = rename(shapes, (name) => name.replace(/(conv\w*|shortcut)\.(weight|bias)$/, "$1.conv_1.$2"));
  await refused(() => tokenizerWeights(zeros(video)), /an image tokenizer, got a video tokenizer/);
  const deep = [...shapes].map(([name, shape]) =>
    [name, shape.length === 4 ? [...shape, 3] : shape] as const
  );
  await refused(() => tokenizerWeights(zeros(deep)), /an image tokenizer, got a video tokenizer/);
});

test("what is no tokenizer is refused, saying how many tensors there are", async () => {
  await refused(
    () => tokenizerWeights(zeros([["transformer.norm.weight", [64]]])),
    /an encoder and a decoder, got none among 1 tensors/,
  );
  await refused(
    () => tokenizerWeights(zeros([["encoder.layer.weight", [64]]])),
    /Cannot infer the tokenizer's channels/,
  );
});

test("numbers that make no tokenizer are refused", async () => {
  const scaled = [...shapes].map(([name, shape]) =>
    [name, shape.map((length) => length === 32 ? 33 : length)] as const
  );
  await refused(() => tokenizerWeights(zeros(scaled)), /multiples of 32.*got ch 33/);
  const bits = parameterShapes(image(32, [1], 1, 30));
  const many = [...bits].map(([name, shape]) =>
    [name, shape.map((length) => length === 30 ? 33 : length)] as const
  );
  await refused(() => tokenizerWeights(zeros(many)), /32 bits.*33 bits/);
});

test.run();
