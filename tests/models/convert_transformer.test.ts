import { suite } from "uvu";
import * as assert from "uvu/assert";
import { weightFormatNames } from "../../src/backend/backend.ts";
import { weightFormats } from "../../src/backend/formats.ts";
import { convertTransformer } from "../../src/models/convert_transformer.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { CheckpointError } from "../../src/tensor/errors.ts";
import { roundTo } from "../../src/tensor/quantize.ts";
import { classNamesOf } from "../../src/transformer/classes.ts";
import { samplingOf } from "../../src/transformer/sampling_json.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { openGenerative } from "../../src/models/open_generative.ts";
import { transformerShapes, transformerWeights } from "../../src/models/transformer_weights.ts";
import { hashedWeight } from "../golden/hashed.ts";
import { smallModel } from "../support/small_model.ts";
import { tinyTransformer } from "../transformer/tiny.ts";

const test = suite("converting transformers");
const shapes = transformerShapes(tinyTransformer);
const folder = await Deno.makeTempDir();
const original = `${folder}/original.safetensors`;

test.before(() => write(original));
test.after(() => Deno.remove(folder, { recursive: true }));

function write(path: string, skip = ""): Promise<void> {
  const tensors = [...shapes].filter(([name]) => name !== skip).map(([name, shape]) => ({
    name,
    shape,
    dtype: "f32" as const,
    data: () => new Uint8Array(hashedWeight(name, shape).buffer),
  }));
  return writeSafetensors(path, { tensors });
}

for (const weights of weightFormatNames) {
  test(`${weights} reads back as the values that the format stands for`, async () => {
    const { config } = await convertTransformer(original, folder, { weights, heads: 4, grid: 4 });
    assert.equal(config, tinyTransformer);
    await using checkpoint = await openCheckpoint(`${folder}/transformer.safetensors`);
    assert.equal(JSON.parse(checkpoint.metadata["config.json"]!).transformer, { heads: 4, grid: 4, weights });
    const model = transformerWeights(checkpoint, { heads: 4, grid: 4 });
    const formats = weightFormats([stepGraph(config, { n: 1, guided: false })], weights);
    for (const [name, shape] of shapes) {
      const loaded = formats.get(name) ?? "f32";
      const stored = loaded === "f16" && weights !== "f16" ? "q8" : loaded,
        expected = roundTo(stored, hashedWeight(name, shape), shape.at(-1)!);
      const actual = await model.source.read(name);
      assert.equal(actual, expected, name);
      // To store what was stored changes nothing.
      assert.equal(roundTo(stored, actual, shape.at(-1)!), actual, name);
    }
  });
}

test("takes the transformer of a model's folder, with the heads and grid that it says", async () => {
  const { config } = await convertTransformer(smallModel, folder, { weights: "q4" });
  assert.equal([config.heads, config.grid, config.classes], [4, 8, 9]);
  const half = await convertTransformer(smallModel, folder, { grid: 4 });
  assert.is(half.config.grid, 4);
});

test("takes along what the model's folder says of generation", async () => {
  const from = await Deno.makeTempDir({ dir: folder }), to = await Deno.makeTempDir({ dir: folder });
  for (const name of ["model.safetensors", "transformer.safetensors", "classes.json"]) {
    await Deno.copyFile(`${smallModel}/${name}`, `${from}/${name}`);
  }
  await Deno.writeTextFile(`${from}/sampling.json`, '{ "guidance": 2 }');
  await convertTransformer(from, to);
  for (const name of ["classes.json", "sampling.json"]) {
    assert.is(await Deno.readTextFile(`${to}/${name}`), await Deno.readTextFile(`${from}/${name}`));
  }
  // The weights alone say it, too.
  await using files = await openGenerative(await Deno.readFile(`${to}/transformer.safetensors`));
  const names = await classNamesOf(files, 9), sampling = await samplingOf(files);
  assert.equal([names?.length, names?.[2], sampling?.guidance], [9, "Flags", [2, 2]]);
});

test("refuses a checkpoint that lacks a weight, and one without a transformer", async () => {
  const lacking = `${folder}/lacking.safetensors`;
  await write(lacking, "transformer.spatial_blocks.1.feed_forward.w2.weight");
  await refused(
    () => convertTransformer(lacking, folder, { heads: 4 }),
    /no transformer.spatial_blocks.1.feed_forward.w2/,
  );
  const tokenizer = `${smallModel}/model.safetensors`;
  await refused(() => convertTransformer(tokenizer, folder), /a tokenizer's does not suffice/);
  await refused(() => convertTransformer(original, folder, { heads: 5 }), /number of heads/);
});

for (const [format, dtype, columns] of [["q8", "i8", 40], ["q4", "u8", 20]] as const) {
  test(`refuses ${format} whose scales do not fit`, async () => {
    const path = `${folder}/torn.safetensors`;
    await writeSafetensors(path, {
      tensors: [
        { name: `w.${format}`, dtype, shape: [2, columns], data: () => new Uint8Array(2 * columns) },
        { name: "w.scales", dtype: "f16", shape: [2, 1], data: () => new Uint8Array(4) },
      ],
    });
    await refused(() => openCheckpoint(path), /f16 \[2,2\] scales/);
  });
}

async function refused(work: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work();
    assert.unreachable("it was taken");
  } catch (error) {
    assert.instance(error, CheckpointError);
    assert.match((error as Error).message, message);
  }
}

test.run();
