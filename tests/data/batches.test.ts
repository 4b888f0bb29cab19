import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { imagesToTensor } from "../../src/image/pixels.ts";
import { mirror, prepareImage } from "../../src/image/prepare.ts";
import { createImage, type Image } from "../../src/image/image.ts";
import { resizeShorterSide } from "../../src/image/resize.ts";
import { arraySource } from "../../src/data/array_source.ts";
import { openImages } from "../../src/data/open_images.ts";
import { permuted } from "../../src/data/permutation.ts";
import { ImageBatches } from "../../src/data/image_batches.ts";
import { createSampler, type SamplerOptions } from "../../src/data/sampler.ts";
import { butter, parrot, refuses, ring, temporaryFolder, writeFiles } from "./support.ts";

const test = suite("batches of training images");

/** `counts[label]` images of one pixel of each class. */
function labelled(counts: readonly number[]) {
  const labels = counts.flatMap((count, label) => Array<number>(count).fill(label));
  return arraySource({ images: new Uint8Array(labels.length * 3), shape: [labels.length, 1, 1, 3], labels });
}

const plain: SamplerOptions = { seed: 1, batch: 8, order: "uniform", mirror: "none", crop: "center" };

test("an order is a permutation, and another for each number and key", () => {
  for (const length of [1, 2, 3, 17, 1000]) {
    const orders = [[1, 0], [1, 1], [2, 0]].map(([key, number]) =>
      Array.from({ length }, (_, place) => permuted(place, { length, key: [key!, 0], number: number! }))
    );
    for (const order of orders) {
      assert.equal([...order].sort((a, b) => a - b), Array.from({ length }, (_, i) => i));
    }
    if (length > 16) assert.is(new Set(orders.map(String)).size, 3);
  }
  // Each element is equally likely at each place: χ² with 36 − 1 degrees of freedom stays below 67 with p = 0.999.
  const seen = Array<number>(36).fill(0);
  for (let number = 0; number < 3600; number++) {
    for (let place = 0; place < 6; place++) {
      seen[place * 6 + permuted(place, { length: 6, key: [9, 9], number })]!++;
    }
  }
  const chi = seen.reduce((sum, count) => sum + (count - 600) ** 2 / 600, 0);
  assert.ok(chi < 67, `χ² ${chi}`);
});

test("samples are uniform, or balanced by the roots of the classes' sizes", () => {
  const sizes = [400, 100, 4], source = labelled(sizes);
  for (const order of ["uniform", "balanced"] as const) {
    const sampler = createSampler(source, { ...plain, order });
    const counts = [0, 0, 0], images = new Set<number>();
    for (let step = 0; step < 5000; step++) {
      for (let slot = 0; slot < 8; slot++) {
        const { index: image } = sampler.pick(step, slot);
        counts[source.labels![image]!]!++;
        images.add(image);
      }
    }
    const weights = order === "uniform" ? sizes : sizes.map(Math.sqrt);
    const total = weights.reduce((sum, weight) => sum + weight);
    counts.forEach((count, label) => {
      const p = weights[label]! / total, expected = 40000 * p;
      assert.ok(
        Math.abs(count - expected) < 5 * Math.sqrt(expected * (1 - p)),
        `${order} ${label}: ${count}`,
      );
    });
    assert.is(images.size, 504, "each image can come");
  }
});

test("epochs take each image once", () => {
  const source = labelled([10]), sampler = createSampler(source, { ...plain, order: "epochs", batch: 4 });
  const all = Array.from(
    { length: 10 },
    (_, step) => Array.from({ length: 4 }, (_, slot) => sampler.pick(step, slot).index),
  ).flat();
  const epochs = [0, 1, 2, 3].map((epoch) => all.slice(epoch * 10, epoch * 10 + 10));
  for (const epoch of epochs) assert.is(new Set(epoch).size, 10);
  assert.is(new Set(epochs.map(String)).size, 4);
});

test("mirroring is for each image or for the whole step, half of the time", () => {
  const share = (mirror: SamplerOptions["mirror"]) => {
    const sampler = createSampler(labelled([5]), { ...plain, mirror });
    let mirrored = 0, mixed = 0;
    for (let step = 0; step < 500; step++) {
      const step8 = Array.from({ length: 8 }, (_, slot) => Number(sampler.pick(step, slot).mirrored));
      const sum = step8.reduce((sum, one) => sum + one);
      mirrored += sum / 8 / 500;
      if (sum > 0 && sum < 8) mixed++;
      // What takes a damaged image's place is mirrored with the step.
      if (mirror === "batch") assert.is(Number(sampler.pick(step, 3, 1).mirrored), step8[0]);
    }
    return { mirrored, mixed };
  };
  assert.equal(share("none"), { mirrored: 0, mixed: 0 });
  const batch = share("batch"), image = share("image");
  assert.is(batch.mixed, 0);
  assert.ok(image.mixed > 480);
  for (const { mirrored } of [batch, image]) assert.ok(Math.abs(mirrored - 0.5) < 0.1, `${mirrored}`);
});

test("options out of range are refused", async () => {
  await refuses(() => createSampler(labelled([1]), { ...plain, seed: -1 }), /seed/);
  await refuses(() => createSampler(labelled([1]), { ...plain, batch: 0.5 }), /batch/);
  const unlabelled = arraySource({ images: new Uint8Array(3), shape: [1, 1, 1, 3] });
  await refuses(() => createSampler(unlabelled, { ...plain, order: "balanced" }), /expected labels/);
});

test("squares are cut where they should be, and mirrored", () => {
  const image = createImage({ width: 7, height: 4 });
  image.data.forEach((_, i) => image.data[i] = i * 7);
  const columns = (crop: number | "center", mirrored = false) => {
    const square = prepareImage(image, { size: 4, crop, mirrored });
    return Array.from({ length: 4 }, (_, x) => square.data[x * 3]! / 21);
  };
  assert.equal(columns(0), [0, 1, 2, 3]);
  assert.equal(columns(0.5), [2, 3, 4, 5]);
  assert.equal(columns(0.9999), [3, 4, 5, 6]);
  assert.equal(columns(0.5, true), [5, 4, 3, 2]);
  // torchvision's centre: a margin of 3 is halved to 1.5, and rounded to the even 2.
  assert.equal(columns("center"), [2, 3, 4, 5]);
  assert.equal(prepareImage(image, { size: 2, crop: 0, mirrored: false }).width, 2);
});

test("batches are the same whatever the number of threads and steps ahead", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "a/1.png": ring, "a/2.png": parrot, "b/1.png": butter });
  await using source = await openImages(folder.path);
  const sampler = createSampler(source, { ...plain, batch: 5, mirror: "image", crop: "random" });
  const files = [ring, parrot, butter];
  const expected: Image[] = await Promise.all(files.map((file) => decodeImage(file)));
  const runs = await Promise.all([[1, 0], [3, 4]].map(async ([threads, ahead]) => {
    await using batches = new ImageBatches(source, sampler, { size: 24, threads, ahead });
    const steps = [];
    for (const step of [0, 1, 2, 1]) steps.push(await batches.batch(step));
    return steps;
  }));
  for (const [step, batch] of runs[0]!.entries()) {
    assert.equal(batch.images.shape, [5, 24, 24, 3]);
    const images = batch.picks.map(({ index: image, mirrored }) => {
      const square = resizeShorterSide(expected[image]!, 24);
      return mirrored ? mirror(square) : square;
    });
    assert.equal(batch.images.data, imagesToTensor(images, { layout: "NHWC" }).data);
    assert.equal([...batch.labels.data], batch.picks.map(({ index }) => index === 2 ? 1 : 0));
    assert.equal(runs[1]![step], batch);
  }
});

test("damaged images are reported once and replaced, the same ones always", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, {
    "1.png": ring,
    "2.png": ring.slice(0, 500),
    "3.png": "no image",
    "4.png": parrot,
  });
  await using source = await openImages(folder.path);
  const sampler = createSampler(source, { ...plain, order: "epochs" });
  const runs = await Promise.all([1, 2].map(async (threads) => {
    const reports: string[] = [];
    await using batches = new ImageBatches(source, sampler, {
      size: 32,
      threads,
      onDamaged: ({ index: image, name, reason }) => reports.push(`${image} ${name} ${reason !== ""}`),
    });
    const picks = [];
    for (let step = 0; step < 4; step++) picks.push((await batches.batch(step)).picks);
    return { picks, reports: reports.sort() };
  }));
  assert.equal(runs[0], runs[1]);
  assert.equal(runs[0]!.reports, ["1 2.png true", "2 3.png true"]);
  for (const { index: image } of runs[0]!.picks.flat()) assert.ok(image === 0 || image === 3);
  await using strict = new ImageBatches(source, sampler, { size: 32, threads: 1, maxDamaged: 1 });
  await refuses(() => strict.batch(0), /at most 1 damaged images \(maxDamaged\), got 2 with/);
});

test("where all images are damaged, that is an error", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "1.png": "no image" });
  await using source = await openImages(folder.path);
  const sampler = createSampler(source, { ...plain, batch: 2 });
  await using batches = new ImageBatches(source, sampler, { size: 32, threads: 1 });
  await refuses(() => batches.batch(0), /Cannot find an image/);
});

test.run();
