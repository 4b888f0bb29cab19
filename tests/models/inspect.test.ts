import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inspectCheckpoint } from "../../src/models/inspect.ts";
import { parameterShapes } from "../../src/models/tokenizer_weights.ts";
import { transformerFacts } from "../../src/models/transformer_facts.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { goldenPath, safetensors } from "../io/support.ts";

const test = suite("inspect");

/** A safetensors file of zeros in u8, to be inspected only. */
function fileOf(shapes: Iterable<readonly [string, Shape]>): Uint8Array {
  let end = 0;
  const header = [...shapes].map(([name, shape]) => {
    const begin = end;
    end += sizeOf(shape);
    return [name, { dtype: "F8_E4M3", shape, data_offsets: [begin, end] }];
  });
  return safetensors(Object.fromEntries(header), { data: end });
}

test("a training checkpoint: tokenizer, averages, dtypes, tensors", async () => {
  const summary = await inspectCheckpoint(goldenPath("lightning_tiny.ckpt"));
  assert.equal(JSON.parse(JSON.stringify(summary)), summary);
  const { holds, ema, tokenizer, elements, bytesByDtype, tensors, metadata } = summary;
  assert.equal([holds, ema, tensors.length, elements], ["image tokenizer", true, 137, 328323]);
  assert.equal([tokenizer!.weights, tokenizer!.parameters, tokenizer!.like], ["ema", 161415, []]);
  assert.equal(bytesByDtype, { f32: 1313284, i64: 8, i32: 4 });
  assert.is(metadata.epoch, "3");
});

test("a published configuration is recognised", async () => {
  const shapes = parameterShapes({
    kind: "image",
    ch: 128,
    chMult: [1, 1, 2, 2, 4],
    numResBlocks: 4,
    zChannels: 14,
    inChannels: 3,
    outChannels: 3,
  });
  const { tokenizer, ema } = await inspectCheckpoint(fileOf(shapes));
  assert.equal(tokenizer!.like, ["pretrain_256_16384"]);
  assert.is(ema, false);
});

test("a damaged tokenizer is a problem, not an error", async () => {
  const { holds, tokenizer, problem } = await inspectCheckpoint(
    fileOf([["encoder.conv_in.weight", [32, 3, 3, 3]]]),
  );
  assert.is(holds, "image tokenizer");
  assert.is(tokenizer, undefined);
  assert.match(problem!, /Cannot infer the tokenizer's bits/);
});

test("a video tokenizer, a transformer, and anything else are told apart", async () => {
  const video = await inspectCheckpoint(fileOf([["encoder.conv_in.conv_1.weight", [32, 3, 3, 3, 3]]]));
  assert.is(video.holds, "video tokenizer");
  const transformer: [string, Shape][] = [
    ["transformer.pre_emb.weight", [64, 32]],
    ["transformer.post_emb.weight", [4096, 32]],
    ["transformer.class_emb.embedding_table.weight", [10, 32]],
    ["transformer.spatial_blocks.0.attention.wqkv.weight", [96, 32]],
    ["transformer.spatial_blocks.1.attention.wqkv.weight", [96, 32]],
    ["transformer.factorized_blocks.0.attention.wqkv.weight", [96, 32]],
  ];
  const summary = await inspectCheckpoint(fileOf(transformer));
  assert.is(summary.holds, "transformer");
  assert.equal(summary.transformer, {
    like: [],
    dim: 32,
    spatialBlocks: 2,
    factorizedBlocks: 1,
    bits: [6, 12],
    classes: 9,
    parameters: summary.elements,
  });
  const both = await inspectCheckpoint(
    fileOf([...transformer, ["first_stage_model.encoder.conv_in.weight", [32, 3, 3, 3]]]),
  );
  assert.is(both.holds, "tokenizer and transformer");
  assert.is((await inspectCheckpoint(goldenPath("dtypes.pth"))).holds, "unknown");
  assert.is(transformerFacts(new Map([["transformer.norm.weight", { shape: [4] }]])), undefined);
});

test.run();
