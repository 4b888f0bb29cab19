import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeNpz } from "../../src/io/npz.ts";
import { CheckpointError, DataError, ImageError } from "../../src/tensor/errors.ts";
import { arraySource } from "../../src/data/array_source.ts";
import { openImages } from "../../src/data/open_images.ts";
import type { ImageSource } from "../../src/data/source.ts";
import { split } from "../../src/data/split.ts";
import { butter, parrot, refuses, ring, tarOf, temporaryFolder, writeFiles } from "./support.ts";

const test = suite("sources of training images");

const names = ({ length, nameOf }: ImageSource) => Array.from({ length }, (_, i) => nameOf(i));
const golden = (name: string) => new URL(`../golden/${name}`, import.meta.url).pathname;

test("a folder's sub-folders are its classes, sorted by name", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, {
    "b/2.png": parrot,
    "b/10.PNG": butter,
    "b/notes.txt": "no image",
    "a/deep/1.webp": ring,
    "a/z.jpg": ring,
    ".hidden/1.png": ring,
  });
  await using source = await openImages(`${folder.path}/`);
  assert.equal(source.classes, ["a", "b"]);
  assert.equal(names(source), ["a/z.jpg", "a/deep/1.webp", "b/10.PNG", "b/2.png"]);
  assert.equal([...source.labels!], [0, 0, 1, 1]);
  assert.equal(await source.read(3), parrot);
});

test("a folder without sub-folders has no labels", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "2.png": ring, "1.png": parrot });
  await using source = await openImages(folder.path);
  assert.equal([names(source), source.classes, source.labels], [["1.png", "2.png"], [], undefined]);
  await Deno.remove(`${folder.path}/2.png`);
  const error = await source.read(1).catch((error) => error);
  assert.instance(error, ImageError);
});

test("folders that are no data set are refused", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  await refuses(() => openImages(path), /expected PNG, JPEG or WebP files/);
  await refuses(() => openImages(`${path}/nowhere`), /no such file or folder/);
  await writeFiles(path, { "a/1.png": ring, "b/notes.txt": "" });
  await refuses(() => openImages(path), /Cannot take images from .*\/b:/);
  await writeFiles(path, { "b/1.png": ring, "beside.png": ring });
  await refuses(() => openImages(path), /got beside.png beside the folder a/);
  await refuses(() => openImages(`${path}/b/notes.txt`), /another file/);
  await Deno.remove(`${path}/beside.png`);
  await Deno.symlink("..", `${path}/b/loop`);
  await refuses(() => openImages(path), /links that lead back/);
});

for (const format of ["gnu", "pax"]) {
  test(`a shard that GNU tar wrote (${format}): long names, both kinds of labels`, async () => {
    await using source = await openImages(golden(`shard_${format}.tar`));
    const shard = golden(`shard_${format}.tar`);
    assert.equal(
      names(source),
      [`${"long".repeat(30)}/0001`, "0002", "0003"].map((key) => `${shard}: ${key}`),
    );
    assert.equal([...source.labels!], [3, 5, 0]);
    assert.equal(source.classes, ["0", "1", "2", "3", "4", "5"]);
    assert.equal([await source.read(0), await source.read(1), await source.read(2)], [ring, parrot, butter]);
  });
}

test("shards are found by pattern or folder, in the order of their names", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, {
    "s-010.tar": tarOf({ "x.png": butter }),
    "s-001.tar": tarOf({ "./x/y.png": parrot }),
    "s-002.tar": tarOf({ "x.png": ring }),
  });
  for (const pattern of ["s-{001..002}.tar", "s-00*.tar"]) {
    await using source = await openImages(`${folder.path}/${pattern}`);
    assert.equal([await source.read(0), await source.read(1)], [parrot, ring]);
    assert.is(source.labels, undefined);
  }
  await using all = await openImages(folder.path);
  assert.is(all.length, 3);
  await refuses(() => openImages(`${folder.path}/t-*.tar`), /no such file/);
  // Names that look like patterns are names, where there is such a file or folder.
  await writeFiles(folder.path, { "[odd]/{a}.tar": tarOf({ "x.png": ring }) });
  for (const path of ["[odd]", "[odd]/{a}.tar"]) {
    await using odd = await openImages(`${folder.path}/${path}`);
    assert.is(odd.length, 1);
  }
});

test("damaged and mislabelled shards are refused", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/s.tar`;
  const whole = tarOf({ "1.png": ring, "1.cls": "2" });
  const cases: [Uint8Array, RegExp][] = [
    [whole.subarray(0, 700), /byte 0: expected \d+ bytes of a file, got the end/],
    [whole.with(3, 65), /byte 0: expected a header of a tar, got other bytes/],
    [Uint8Array.of(0x1f, 0x8b, ...new Uint8Array(600)), /a compressed file/],
    [tarOf({ "1.txt": "a" }), /expected JPEG, PNG or WebP files/],
    [tarOf({ "1.png": ring, "1.jpg": ring }), /one image a sample, got 1.png and 1.jpg/],
    [tarOf({ "1.png": ring, "1.cls": "2", "2.png": ring }), /one for every image/],
    [tarOf({ "1.png": ring, "1.cls": "two" }), /1.cls: expected a whole number, got "two"/],
    [tarOf({ "1.png": ring, "1.json": "{" }), /1.json: expected a whole number/],
    [tarOf({ "1.png": ring, "1.json": '{"label":-1}' }), /whole numbers from 0 to \d+, got -1/],
  ];
  for (const [bytes, pattern] of cases) {
    await Deno.writeFile(path, bytes);
    await refuses(() => openImages(path), pattern);
  }
});

for (const kind of ["stored", "deflated"]) {
  test(`an .npz of NumPy's, ${kind}`, async () => {
    const files = JSON.parse(await Deno.readTextFile(golden("numpy.json")));
    await using folder = await temporaryFolder();
    const path = `${folder.path}/set.npz`;
    await Deno.writeFile(path, Uint8Array.fromBase64(files[`pictures_${kind}`]));
    await using source = await openImages(path);
    assert.equal([source.length, [...source.labels!], source.heldOut], [2, [1, 0], [1]]);
    const pixels = Uint8Array.from({ length: 60 }, (_, i) => 60 + i);
    assert.equal(await source.read(1), { width: 5, height: 4, data: pixels });
  });
}

test("an .npz holds pixels and perhaps labels", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/set.npz`;
  const data = Uint8Array.from({ length: 2 * 4 * 5 * 3 }, (_, i) => i);
  const images = { shape: [2, 4, 5, 3], data };
  await Deno.writeFile(
    path,
    writeNpz({ arr_0: images, labels: { shape: [2], data: BigInt64Array.of(1n, 0n) } }),
  );
  await using source = await openImages(path);
  assert.equal([...source.labels!], [1, 0]);
  assert.equal(await source.read(1), { width: 5, height: 4, data: data.slice(60) });
  const refused: [Record<string, Parameters<typeof writeNpz>[0][string]>, RegExp][] = [
    [{ images }, /an array arr_0/],
    [{ arr_0: { shape: [2, 60], data } }, /uint8 \[n,h,w,3\], got \[2,60\]/],
    [{ arr_0: images, labels: { shape: [3], data: Uint8Array.of(0, 0, 0) } }, /2 images, got 3/],
    [{ arr_0: images, labels: { shape: [2], data: Float32Array.of(0, 0.5) } }, /got 0.5 for image 1/],
  ];
  for (const [arrays, pattern] of refused) {
    await Deno.writeFile(path, writeNpz(arrays));
    await refuses(() => openImages(path), pattern);
  }
  const whole = writeNpz({ arr_0: images }), text = new TextDecoder("latin1").decode(whole);
  for (
    const [before, after, pattern] of [["(2, 4", "(9, 4", /elements for \|u1/], [
      "|u1",
      "|O1",
      /arr_0/,
    ]] as const
  ) {
    const bytes = whole.slice();
    bytes.set(new TextEncoder().encode(after), text.indexOf(before));
    await Deno.writeFile(path, bytes);
    const error = await openImages(path).catch((error) => error);
    assert.ok(error instanceof CheckpointError || error instanceof DataError, `${error}`);
    assert.match(error.message, pattern);
  }
});

test("images are held out by number, or by a share that a seed chooses", async () => {
  const source = arraySource({
    images: new Uint8Array(100 * 3),
    shape: [100, 1, 1, 3],
    labels: Array.from({ length: 100 }, (_, i) => i),
    name: "set",
  });
  const { training, heldOut } = split(source, [7, 3]);
  assert.equal([names(heldOut), [...heldOut.labels!]], [["set#3", "set#7"], [3, 7]]);
  assert.is(training.length, 98);
  const shares = [1, 1, 2].map((seed) => [...split(source, { fraction: 0.1, seed }).heldOut.labels!]);
  assert.equal(shares[0], shares[1]);
  assert.not.equal(shares[0], shares[2]);
  assert.is(shares[0]!.length, 10);
  await refuses(() => split(source, [100]), /numbers from 0 to 99, got 100/);
  await refuses(() => split(source, { fraction: 1, seed: 0 }), /a fraction from 0 to below 1/);
});

test.run();
