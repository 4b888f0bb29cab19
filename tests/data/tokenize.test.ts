import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNpz, writeNpz } from "../../src/io/npz.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { mirror } from "../../src/image/prepare.ts";
import { readTokens } from "../../src/tokenizer/read_tokens.ts";
import { tokenSetKey } from "../../src/tokenizer/token_facts.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { arraySource } from "../../src/data/array_source.ts";
import { openImages } from "../../src/data/open_images.ts";
import { createSampler } from "../../src/data/sampler.ts";
import { tokenBatch } from "../../src/data/token_batches.ts";
import { openTokenSet } from "../../src/data/open_token_set.ts";
import type { TokenSet } from "../../src/data/token_set.ts";
import { tokenizeImages } from "../../src/data/tokenize.ts";
import { smallModel } from "../support/small_model.ts";
import { butter, parrot, refuses, ring, temporaryFolder, writeFiles } from "./support.ts";

const test = suite("tokens of data sets");

let tokenizer: Tokenizer;
test.before(async () => {
  tokenizer = await Tokenizer.load(smallModel, { backend: "wasm", threads: 1 });
});
test.after(() => tokenizer[Symbol.asyncDispose]());

const model = smallModel;

async function contents(set: TokenSet): Promise<unknown[]> {
  const sides = set.hasMirrored ? [false, true] : [false];
  const rows = sides.flatMap((mirrored) =>
    Array.from({ length: set.length }, async (_, i) => [...await set.read(i, { mirrored })])
  );
  return [set.grid, set.codebookSize, [...set.labels ?? []], await Promise.all(rows)];
}

test("tokens are those of the tokenizer, in either kind of file; damaged images are left out", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await writeFiles(`${path}/set`, {
    "a/1.png": ring,
    "a/2.png": ring.slice(0, 600),
    "b/1.png": parrot,
    "b/2.png": butter,
  });
  await using source = await openImages(`${path}/set`);
  const images = await Promise.all([ring, parrot, butter].map((file) => decodeImage(file)));
  const plain = await tokenizer.encode(images), mirrored = await tokenizer.encode(images.map(mirror));
  const expected = [[8, 8], 2 ** 18, [0, 1, 1], [...plain, ...mirrored].map(({ data }) => [...data])];
  for (const kind of ["npz", "safetensors"]) {
    const damaged: string[] = [], output = `${path}/t.${kind}`;
    const options = {
      output,
      model,
      mirror: true,
      onDamaged: ({ name }: { name: string }) => damaged.push(name),
    };
    const result = await tokenizeImages(source, tokenizer, options);
    assert.equal(result, { images: 3, damaged: 1, read: 4, grid: [8, 8] });
    assert.equal(damaged, ["a/2.png"]);
    await using set = await openTokenSet(output);
    assert.equal(await contents(set), expected);
    assert.equal(set.classes, kind === "npz" ? ["0", "1"] : ["a", "b"]);
  }
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  assert.equal(names.sort(), ["set", "t.npz", "t.safetensors"]);
  for (const kind of ["npz", "safetensors"]) {
    // What reads the tokens of single images reads these, too.
    const tokens = await readTokens(`${path}/t.${kind}`);
    assert.equal(
      tokens.map(({ data, size }) => ({ data, size })),
      plain.map(({ data }) => ({ data, size: { width: 32, height: 32 } })),
    );
  }
  const bytes = await Deno.readFile(`${path}/t.npz`);
  assert.equal([...readNpz(bytes, { file: "t" }).get("images")!.data], [0, 2, 3]);
});

/** Images of 8×8 pixels that differ. */
const many = arraySource({
  images: Uint8Array.from({ length: 300 * 192 }, (_, i) => (i * 2654435761) >>> 20),
  shape: [300, 8, 8, 3],
  labels: Array.from({ length: 300 }, (_, i) => i % 3),
});

test("work that was stopped goes on, and parts of the work make the same set", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const whole = { output: `${path}/whole.safetensors`, model };
  assert.is((await tokenizeImages(many, tokenizer, whole)).read, 300);

  const output = `${path}/stopped.safetensors`, controller = new AbortController();
  const stop = ({ done }: { done: number }) => done > 150 && controller.abort();
  const stopped = tokenizeImages(many, tokenizer, {
    output,
    model,
    signal: controller.signal,
    onProgress: stop,
  });
  assert.is(await stopped.catch((error) => error), controller.signal.reason);
  await refuses(
    () => tokenizeImages(many, tokenizer, { output, model, mirror: true }),
    /Cannot resume .*: expected the options that it was started with/,
  );
  const { read, images } = await tokenizeImages(many, tokenizer, { output, model });
  assert.ok(read < 200 && images === 300, `${read} read`);
  assert.equal(await Deno.readFile(output), await Deno.readFile(whole.output));

  for (const [i, begin] of [0, 90, 200].entries()) {
    const range = { begin, end: [90, 200, 300][i]! };
    await tokenizeImages(many, tokenizer, { output: `${path}/part-${i}.safetensors`, model, range });
  }
  await using set = await openTokenSet(`${path}/part-{0..2}.safetensors`);
  await using other = await openTokenSet(whole.output);
  assert.equal([set.length, set.labels, set.classes], [other.length, other.labels, other.classes]);
  for (const image of [0, 89, 90, 199, 200, 299]) {
    const [ours, theirs] = await Promise.all(
      [set, other].map((one) => one.read(image, { mirrored: false })),
    );
    assert.equal(ours, theirs);
  }
});

test("a step takes the tokens that its sampler picks", async () => {
  await using folder = await temporaryFolder();
  const output = `${folder.path}/t.npz`;
  await tokenizeImages(many, tokenizer, { output, model, mirror: true, range: { begin: 0, end: 40 } });
  await using set = await openTokenSet(output);
  const options = { seed: 3, batch: 6, order: "balanced", mirror: "image", crop: "center" } as const;
  const { tokens, labels, picks } = await tokenBatch(set, createSampler(set, options), 5);
  assert.equal([tokens.shape, labels.shape], [[6, 4], [6]]);
  assert.ok(new Set(picks.map(({ mirrored }) => mirrored)).size === 2, "both kinds, with this seed");
  for (const [slot, pick] of picks.entries()) {
    assert.equal(tokens.data.slice(slot * 4, slot * 4 + 4), await set.read(pick.index, pick));
    assert.is(labels.data[slot], pick.index % 3);
  }
});

test("what does not fit is refused", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => `${folder.path}/${name}`;
  const ask = (more: object) => () =>
    tokenizeImages(many, tokenizer, { output: at("x.npz"), model, ...more });
  await refuses(ask({ output: at("x.pt") }), /ends in .npz or .safetensors/);
  await refuses(ask({ size: 10 }), /a multiple of 4/);
  await refuses(ask({ size: 8192 }), /at most 134217728 tokens in an .npz.*--shard/);
  await refuses(ask({ range: { begin: 5, end: 5 } }), /at least one image/);
  const wide = arraySource({ images: new Uint8Array(4 * 8 * 3), shape: [1, 4, 8, 3] });
  await refuses(() => tokenizeImages(wide, tokenizer, { output: at("x.npz"), model }), /8×4; use --size/);

  const tokens = (data: number[]) => ({ shape: [1, 1, data.length], data: Uint32Array.from(data) });
  const codebookSize = { shape: [], data: Uint32Array.of(4) };
  await Deno.writeFile(at("t.npz"), writeNpz({ tokens: tokens([1, 4]), codebookSize }));
  await using set = await openTokenSet(at("t.npz"));
  await refuses(() => set.read(0, { mirrored: false }), /tokens below 4, got 4 in image 0/);
  await refuses(() => set.read(0, { mirrored: true }), /--mirror/);
  await Deno.writeFile(at("u.npz"), writeNpz({ tokens: tokens([1, 2, 3]), codebookSize }));
  await refuses(() => openTokenSet(at("[tu].npz")), /expected 1×2 tokens.*got 1×3/);
  await refuses(() => openTokenSet(at("*.none")), /expected files of tokens/);
  await Deno.writeFile(at("t.npz"), writeNpz({ codebookSize }));
  await refuses(() => openTokenSet(at("t.npz")), /uint32 `tokens` \[n,h,w\].*got codebookSize/);
  await writeSafetensors(at("t.safetensors"), { tensors: [], metadata: { [tokenSetKey]: "[]" } });
  await refuses(() => openTokenSet(at("t.safetensors")), /codebookSize and classes as JSON/);
});

test("files of version 0.1.0, which hold bits, are read", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string) => `${folder.path}/${name}`;
  const tokens = { shape: [1, 1, 2], data: Uint32Array.of(1, 3) };
  const bits = { shape: [], data: Uint32Array.of(2) };
  await Deno.writeFile(at("t.npz"), writeNpz({ tokens, bits }));
  const data = () => new Uint8Array(tokens.data.buffer);
  await writeSafetensors(at("t.safetensors"), {
    tensors: [{ name: "tokens", dtype: "u32", shape: tokens.shape, data }],
    metadata: { [tokenSetKey]: JSON.stringify({ bits: 2, size: 4, classes: [], model: "m" }) },
  });
  for (const file of ["t.npz", "t.safetensors"]) {
    await using set = await openTokenSet(at(file));
    assert.equal(await contents(set), [[1, 2], 4, [], [[1, 3]]], file);
  }
});

test.run();
