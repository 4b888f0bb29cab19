import { suite } from "uvu";
import * as assert from "uvu/assert";
import { meanGradient, psnr } from "../../src/image/metrics.ts";
import { readImage } from "../../src/image/read.ts";
import { defaultModel, modelNames } from "../../src/models/find.ts";
import { openFiles } from "../../src/models/open.ts";
import { shippedModel as modelAt } from "../../src/models/shipped.ts";
import { CheckpointError, NetworkError } from "../../src/tensor/errors.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { scratch } from "../cli/support.ts";
import { FileServer } from "../support/file_server.ts";
import { shippedModel } from "../support/models.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("the shipped model");

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;

test("is the default, whole, small, and in the package with the licence of its images", async () => {
  assert.ok(shippedModel.endsWith(`/models/${defaultModel}`));
  assert.equal(modelNames, [defaultModel]);
  const names = [...Deno.readDirSync(shippedModel)].map(({ name }) => name).sort();
  const weights = ["model.safetensors", "transformer.safetensors"];
  const others = ["README.md", "classes.json", "config.json", "samples", "sampling.json"];
  assert.equal(names, [...others, ...weights].sort());
  const bytes = weights.reduce((sum, name) => sum + Deno.statSync(`${shippedModel}/${name}`).size, 0);
  assert.ok(bytes <= 9.5e6, `${bytes} bytes`);
  const licence = await Deno.readTextFile(`${shippedModel}/README.md`);
  assert.match(licence, /Microsoft Corporation.*Permission is hereby granted.*THE SOFTWARE IS PROVIDED/s);
  const { publish } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assert.ok(publish.include.includes("models"));
  assert.not.ok(publish.include.some((path: string) => path.startsWith("tests")));
});

test("keeps its sixteen samples, which it was not trained on, at 24 dB and nearly as sharp", async () => {
  const names = [...Deno.readDirSync(`${shippedModel}/samples`)].map(({ name }) => name);
  const images = await Promise.all(names.map((name) => readImage(`${shippedModel}/samples/${name}`)));
  assert.equal(images.map(({ width, height }) => [width, height]), new Array(16).fill([64, 64]));
  await using tokenizer = await Tokenizer.load(defaultModel);
  const tokens = await tokenizer.encode(images), again = await tokenizer.decode(tokens);
  assert.equal([tokens[0]!.grid, tokens[0]!.codebookSize], [[16, 16], 2 ** 18]);
  const decibels = mean(images.map((image, i) => psnr(image, again[i]!)));
  assert.ok(decibels >= 24, `${decibels} dB`);
  const sharpness = mean(again.map(meanGradient)) / mean(images.map(meanGradient));
  assert.ok(sharpness >= 0.85 && sharpness < 1.1, `${sharpness}`);
  const codes = new Set(tokens.flatMap(({ data }) => [...data]));
  assert.ok(codes.size > 1000, `${codes.size} codes of ${16 * 256} tokens`);
});

test("generates nine classes, each image by its class, number and seed alone", async () => {
  await using generator = await Generator.load(defaultModel);
  const { size, config: { grid, bits, classes }, classNames } = generator;
  assert.equal([size, grid, [...bits], classes], [64, 16, [6, 12], 9]);
  assert.equal(classNames, [
    "Activities",
    "Animals & Nature",
    "Flags",
    "Food & Drink",
    "Objects",
    "People & Body",
    "Smileys & Emotion",
    "Symbols",
    "Travel & Places",
  ]);
  const { guidance, temperature, topP, candidates } = generator.sampling;
  assert.equal([guidance, temperature, topP, candidates], [[1.2, 1.2], [0.7, 0.7], [0.95, 0.95], 4]);
  const images = await generator.generate({ classIds: ["food & drink", 5], seed: 42 });
  assert.equal(images.map(({ classId }) => classId), [3, 5]);
  for (const { image: { width, height }, tokens } of images) {
    assert.equal([width, height, tokens.data.length], [64, 64, 256]);
  }
  assert.not.equal(images[0]!.tokens, images[1]!.tokens);
  await using onOne = await Generator.load(shippedModel, { backend: "wasm", threads: 1 });
  const said = { guidance: 1.2, temperature: 0.7, topP: 0.95, candidates: 4 };
  assert.equal(await onOne.generate({ classIds: 5, first: 1, seed: 42, ...said }), [images[1]!]);
});

test("a package that came over a network fetches its models there, once, and checks them", async () => {
  using cache = scratch();
  await using server = new FileServer();
  Deno.env.set("VOKEN_CACHE", cache.path);
  const names = ["config.json", "model.safetensors"];
  for (const name of names) {
    server.put(`/models/emoji-64/${name}`, Deno.readFileSync(`${shippedModel}/${name}`));
  }
  const load = async (folder: string) => {
    await using checkpoint = await openFiles(modelAt("emoji-64", { folder: server.url(folder) }));
    return checkpoint.tensors.size;
  };
  const count = await load("/models/");
  assert.is(count, 81);
  const requests = server.seen.length;
  // Wherever the package comes from the next time, its model is known.
  assert.is(await load("/other/"), count);
  assert.is(server.seen.length, requests);
  Deno.removeSync(cache.path, { recursive: true });
  await thrown(NetworkError, () => load("/other/"), /other\/emoji-64\/model\.safetensors: got status 404/);
  server.put("/models/emoji-64/model.safetensors", new Uint8Array(6_622_010));
  await thrown(CheckpointError, () => load("/models/"), /model\.safetensors: its SHA-256 digest: expected/);
});

test.run();
