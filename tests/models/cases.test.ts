/** Files that people have, of a few weights each, that no tokenizer is made of: `golden/cases`. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inspectCheckpoint } from "../../src/models/inspect.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { partWith } from "../../src/models/part.ts";
import { tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { inFolder, refused, zeros } from "../io/support.ts";

const test = suite("checkpoints that people have");
const place = (name: string) => new URL(`../golden/cases/${name}`, import.meta.url);
const weight = "encoder.conv_in.weight", bias = "decoder.conv_out.bias";

/** Where the weights of readable files are. */
const readable: Readonly<Record<string, string>> = {
  "all_float8.ckpt": "",
  "ddp_module_prefix.ckpt": "module.",
  "extra_f8.safetensors": "",
  "folder_no_config": "",
  "header_leading_space.safetensors": "",
  "hparams_own_class.ckpt": "",
  "metadata_null.safetensors": "",
  "nested_model.pt": "model.",
  "proto3.ckpt": "",
  "range_and_namespace.ckpt": "",
  "sharded": "",
  "tensor_with_attribute.ckpt": "",
};

for (const [name, expected] of Object.entries(readable)) {
  test(`${name} is read`, async () => {
    await using whole = await openCheckpoint(place(name));
    const { checkpoint, prefix } = partWith(whole, { weight, model: "a tokenizer", known: [""] });
    assert.is(prefix, expected);
    assert.equal(checkpoint.tensors.get(weight)!.shape, [64, 3, 3, 3]);
    const values = await checkpoint.read(weight);
    assert.is(values.length, 64 * 27);
    assert.ok(values.every(Number.isFinite));
    assert.is((await checkpoint.read(bias)).length, 3);
  });
}

test("the weights of TorchScript's archives are read, and none of its code", async () => {
  await using checkpoint = await openCheckpoint(place("torchscript.pt"));
  assert.equal([...checkpoint.tensors].map(([name, { shape }]) => [name, shape]), [
    ["weight", [8, 3, 3, 3]],
    ["bias", [8]],
  ]);
  assert.ok((await checkpoint.read("weight")).some((value) => value !== 0));
});

/** What the errors of others say. */
const unreadable: Readonly<Record<string, RegExp>> = {
  "cut.safetensors": /truncated; fetch it again/,
  "entry_not_found.ckpt": /got text: "Entry not found"/,
  "model.ckpt.gz": /got a gzip file; unpack it: gunzip/,
  "s3_error.ckpt": /got text: "<\?xml.*AccessDenied/,
  "zip_holding_a_ckpt.zip": /a zip that contains .*ckpt; unpack it: unzip/,
};

for (const [name, pattern] of Object.entries(unreadable)) {
  test(`${name} is refused with what it is`, () => refused(() => openCheckpoint(place(name)), pattern));
}

test("where several parts fit an option chooses, and the error lists them", async () => {
  const whole = zeros([["model.encoder.conv_in.weight", [64, 3, 3, 3]], ["ema.encoder.conv_in.weight", [
    64,
    3,
    3,
    3,
  ]]]);
  await refused(
    () => Promise.try(() => tokenizerWeights(whole)),
    /got 2, whose names begin with "model\.", "ema\."; choose/,
  );
  await refused(
    () => Promise.try(() => tokenizerWeights(whole, { prefix: "other." })),
    /prefix "other\.": expected .*"ema\."/,
  );
  await refused(
    () => Promise.try(() => tokenizerWeights(whole, { prefix: "ema." })),
    /Cannot infer|Cannot load the tokenizer/,
  );
});

test("one prefix chooses both models of a file, and counts for none that is there once", () => {
  const key = { weight, model: "a tokenizer", known: ["", "first_stage_model."] };
  const file = (...prefixes: string[]) => zeros(prefixes.map((prefix) => [prefix + weight, [64, 3, 3, 3]]));
  const twice = file("model.first_stage_model.", "ema.first_stage_model.");
  assert.is(partWith(twice, key, "ema.").prefix, "ema.first_stage_model.");
  assert.is(partWith(file("first_stage_model."), key, "ema.").prefix, "first_stage_model.");
  assert.is(partWith(file(""), key, "ema.").prefix, "");
  assert.is(partWith(file("", "ema."), key).prefix, "");
  assert.is(partWith(file("", "ema."), key, "ema.").prefix, "ema.");
});

test("inspect finds the models below prefixes", async () => {
  const { holds, groups } = await inspectCheckpoint(place("nested_model.pt"));
  assert.equal([holds, groups], ["image tokenizer", { model: 2 }]);
});

test("a learned codebook is named, and whole numbers are no weights", async () => {
  const learned = zeros([["encoder.conv_in.weight", [64, 3, 3, 3]], ["quantize.embedding.weight", [
    1024,
    256,
  ]]]);
  await refused(
    () => Promise.try(() => tokenizerWeights(learned)),
    /learned codebook \(IBQ, VQGAN\): quantize\.embedding/,
  );
  await using checkpoint = await openCheckpoint(new URL("../golden/lightning_tiny.ckpt", import.meta.url));
  const tensors = new Map([...checkpoint.tensors].map(([name, tensor]) => [name, {
    ...tensor,
    dtype: name === "encoder.conv_in.weight" ? "i64" as const : tensor.dtype,
  }]));
  await refused(
    () => Promise.try(() => tokenizerWeights({ ...checkpoint, tensors }, { raw: true })),
    /Cannot load encoder\.conv_in\.weight from .*: expected a weight of floats, got whole numbers \(i64\)/,
  );
});

test("a folder says what it has", async () => {
  await inFolder(async (folder) => {
    await refused(() => openCheckpoint(folder), /model\.safetensors: expected .*no such file/);
    await Deno.writeTextFile(`${folder}/README.md`, "");
    await refused(() => openCheckpoint(folder), /the folder has README\.md; give a folder/);
    const write = (name: string) =>
      writeSafetensors(`${folder}/${name}`, {
        tensors: [{ name: weight, dtype: "f32", shape: [1], data: () => new Uint8Array(4) }],
      });
    await write("a.safetensors");
    await using only = await openCheckpoint(folder);
    assert.equal([...only.tensors.keys()], [weight]);
    await write("b.safetensors");
    await refused(
      () => openCheckpoint(folder),
      /several checkpoints: a\.safetensors, b\.safetensors; give the path/,
    );
  });
});

test.run();
