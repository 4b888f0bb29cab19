import { suite } from "uvu";
import * as assert from "uvu/assert";
import { convertCheckpoint } from "../../src/models/convert.ts";
import { inspectCheckpoint } from "../../src/models/inspect.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { ArgumentError, FileError } from "../../src/tensor/errors.ts";
import { numberToF16 } from "../../src/tensor/dtype.ts";
import { roundTo } from "../../src/tensor/quantize.ts";
import { goldenPath, inFolder, readAll, refused } from "../io/support.ts";

const test = suite("converted checkpoints");

const source = goldenPath("lightning_tiny.ckpt");

for (const raw of [false, true]) {
  test(`f32, ${raw ? "raw" : "averaged"}: the folder gives the same configuration and the same bytes`, async () => {
    await inFolder(async (folder) => {
      const progress: { loaded: number; total: number }[] = [];
      const onProgress = (bytes: { loaded: number; total: number }) => progress.push(bytes);
      const done = await convertCheckpoint(source, `${folder}/deep/out`, { raw, onProgress });
      await using before = await openCheckpoint(source);
      await using after = await openCheckpoint(`${folder}/deep/out`);
      const expected = tokenizerWeights(before, { raw }), actual = tokenizerWeights(after);
      assert.equal(actual.config, expected.config);
      assert.is(actual.kind, raw ? "raw" : "ema");
      assert.equal([...after.tensors.keys()].sort(), [...expected.source.shapes.keys()].sort());
      for (const name of expected.source.shapes.keys()) {
        assert.equal(await actual.source.read(name), await expected.source.read(name), name);
      }
      assert.is(progress.length, done.tensors);
      assert.equal(progress.at(-1), { loaded: done.bytes, total: done.bytes });
      assert.ok(progress.every(({ loaded }, i) => loaded > (progress[i - 1]?.loaded ?? 0)));
      assert.is(done.bytes, after.tensors.values().reduce((sum, { bytes }) => sum + bytes, 0));
      const names = (await Array.fromAsync(Deno.readDir(`${folder}/deep/out`))).map(({ name }) => name)
        .sort();
      assert.equal(names, ["config.json", "model.safetensors"]);
      // The weights alone say the same as the folder.
      await using alone = await openCheckpoint(`${folder}/deep/out/model.safetensors`);
      assert.is(tokenizerWeights(alone).kind, actual.kind);
    });
  });
}

test("f16: half the bytes, each value the nearest half", async () => {
  await inFolder(async (folder) => {
    await convertCheckpoint(source, folder, { dtype: "f16" });
    await using before = await openCheckpoint(source);
    const weights = tokenizerWeights(before).source;
    const after = await readAll(folder);
    for (const name of weights.shapes.keys()) {
      const values = await weights.read(name);
      after[name]!.forEach((value, i) => assert.is(numberToF16(value), numberToF16(values[i]!), name));
    }
    assert.equal(Object.keys((await inspectCheckpoint(folder)).bytesByDtype), ["f16"]);
    // Converting a converted model changes nothing.
    await convertCheckpoint(folder, folder, { dtype: "f16" });
    assert.equal(await readAll(folder), after);
  });
});

test("q8: kernels and matrices are the nearest of their blocks, all others as they are", async () => {
  await inFolder(async (folder) => {
    const { bytes } = await convertCheckpoint(source, folder, { dtype: "q8" });
    await using before = await openCheckpoint(source);
    await using after = await openCheckpoint(folder);
    const expected = tokenizerWeights(before).source, actual = tokenizerWeights(after);
    for (const [name, [rows, ...rest]] of expected.shapes) {
      const values = await expected.read(name);
      const stored = rest.length > 0 ? roundTo("q8", values, values.length / rows!) : values;
      assert.equal(await actual.source.read(name), stored, name);
    }
    assert.equal(Object.keys((await inspectCheckpoint(folder)).bytesByDtype).sort(), ["f32", "q8"]);
    assert.is(bytes, after.tensors.values().reduce((sum, { bytes }) => sum + bytes, 0));
    // Converting a converted model changes nothing.
    const once = await Deno.readFile(`${folder}/model.safetensors`);
    await convertCheckpoint(folder, folder, { dtype: "q8" });
    assert.equal(await Deno.readFile(`${folder}/model.safetensors`), once);
  });
});

test("--raw on a model converted from averaged weights is refused", async () => {
  await inFolder(async (folder) => {
    await convertCheckpoint(source, folder);
    await using checkpoint = await openCheckpoint(folder);
    await refused(() => tokenizerWeights(checkpoint, { raw: true }), /converted from the averaged.*--raw/);
  });
});

test("a value too large for f16 leaves what was there, and names the tensor", async () => {
  await inFolder(async (folder) => {
    await using checkpoint = await openCheckpoint(source);
    const { source: weights } = tokenizerWeights(checkpoint);
    const tensors = [...weights.shapes].map(([name, shape]) => ({
      name,
      dtype: "f32" as const,
      shape,
      data: async () => {
        const values = await weights.read(name);
        if (name === "decoder.conv_in.weight") values[3] = 1e6;
        return new Uint8Array(values.buffer);
      },
    }));
    await writeSafetensors(`${folder}/huge.safetensors`, { tensors });
    await convertCheckpoint(source, `${folder}/out`);
    const before = await readAll(`${folder}/out`);
    const convert = () => convertCheckpoint(`${folder}/huge.safetensors`, `${folder}/out`, { dtype: "f16" });
    await refused(convert, /decoder\.conv_in\.weight as f16.*1000000 at index 3/);
    assert.equal(await readAll(`${folder}/out`), before);
    assert.is((await Array.fromAsync(Deno.readDir(`${folder}/out`))).length, 2);
    // Into a folder that was not there: it is not there afterwards either.
    await refused(
      () => convertCheckpoint(`${folder}/huge.safetensors`, `${folder}/new`, { dtype: "f16" }),
      /as f16/,
    );
    assert.is(await Deno.stat(`${folder}/new`).catch(() => "none"), "none");
  });
});

test("a conversion that is cancelled leaves nothing", async () => {
  await inFolder(async (folder) => {
    const controller = new AbortController();
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => {
      if (loaded > total / 2) controller.abort();
    };
    const { signal } = controller;
    try {
      await convertCheckpoint(source, `${folder}/out`, { signal, onProgress });
      assert.unreachable();
    } catch (error) {
      assert.is(error, signal.reason);
    }
    assert.is(await Deno.stat(`${folder}/out`).catch(() => "none"), "none");
  });
});

test("a folder that is a file, or below one, is refused", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    for (const place of ["file", "file/below"]) {
      await convertCheckpoint(source, `${folder}/${place}`).then(() => assert.unreachable(), (error) => {
        assert.instance(error, FileError);
        assert.match(error.message, /Cannot make the folder .*: got a file in the place of a folder/);
      });
    }
  });
});

test("a config.json that is broken or contradicts the weights is refused, one of another library not needed", async () => {
  await inFolder(async (folder) => {
    await convertCheckpoint(source, folder);
    const path = `${folder}/config.json`, text = await Deno.readTextFile(path);
    await using converted = await openCheckpoint(folder);
    const { shapes, read } = tokenizerWeights(converted).source;
    // Weights that do not carry their configuration.
    const tensors = [...shapes].map(([name, shape]) => ({
      name,
      dtype: "f32" as const,
      shape,
      data: async () => new Uint8Array((await read(name)).buffer as ArrayBuffer),
    }));
    await writeSafetensors(`${folder}/model.safetensors`, { tensors });
    const load = async () => {
      await using checkpoint = await openCheckpoint(folder);
      return tokenizerWeights(checkpoint);
    };
    const changed = async (from: string | RegExp, to: string, pattern: RegExp) => {
      assert.ok(text.replace(from, to) !== text);
      await Deno.writeTextFile(path, text.replace(from, to));
      await refused(load, pattern);
    };
    await changed("{", "", /config\.json.*expected JSON/);
    await changed('"tokenizer"', '"model"', /tokenizer: expected an object, got none/);
    await changed('"ch": 32', '"ch": 64', /ch 64, .*as its config\.json says, got weights of ch 32/);
    await changed('"ch": 32', '"ch": "32"', /ch: expected a number, got "32"/);
    await changed(/"ch_mult": \[\s*1,\s*1\s*\]/, '"ch_mult": [1, 0.5]', /multiples of 32/);
    await changed('"ema"', '"best"', /weights: expected "ema" or "raw"/);
    // It is read off the weights where there is none, or one of another library.
    await Deno.writeTextFile(path, text.replace("open-magvit2", "bert"));
    assert.equal((await load()).config, tokenizerWeights(converted).config);
    await Deno.remove(path);
    assert.equal((await load()).config, tokenizerWeights(converted).config);
  });
});

test("writing refuses data that do not fit, and two tensors of one name", async () => {
  await inFolder(async (folder) => {
    const write = (...names: string[]) =>
      writeSafetensors(`${folder}/x.safetensors`, {
        tensors: names.map((name) => ({
          name,
          dtype: "f32",
          shape: [2],
          data: () => new Uint8Array(name.length),
        })),
      });
    for (const names of [["a"], ["12345678", "12345678"], ["__metadata__"]]) {
      await write(...names).then(
        () => assert.unreachable(),
        (error) => assert.instance(error, ArgumentError),
      );
    }
    await write("12345678");
    assert.equal(Object.keys(await readAll(`${folder}/x.safetensors`)), ["12345678"]);
    await writeSafetensors(`${folder}/none.safetensors`, { tensors: [] });
    assert.equal(await readAll(`${folder}/none.safetensors`), {});
  });
});

test("tensors are written aligned for their types", async () => {
  await inFolder(async (folder) => {
    const tensors = (["u8", "f16", "f64", "f32"] as const).map((dtype, i) => ({
      name: dtype,
      dtype,
      shape: [3],
      data: () => new Uint8Array(3 * [1, 2, 8, 4][i]!),
    }));
    await writeSafetensors(`${folder}/x.safetensors`, { tensors, metadata: { a: "b" } });
    await using checkpoint = await openCheckpoint(`${folder}/x.safetensors`);
    assert.equal([...checkpoint.tensors.keys()], ["f64", "f32", "f16", "u8"]);
    const offsets = checkpoint.tensors.values() as Iterable<{ offset?: number }>;
    assert.is([...offsets][0]!.offset! % 8, 0);
    assert.equal(checkpoint.metadata, { a: "b" });
  });
});

test.run();
