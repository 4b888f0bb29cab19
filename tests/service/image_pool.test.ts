import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { filledImage } from "../../src/image/image.ts";
import { noMetrics } from "../../src/service/observe/metrics.ts";
import { RequestError } from "../../src/service/request_error.ts";
import { ImagePool } from "../../src/service/work/image_pool.ts";
import { ring } from "./support.ts";

const test = suite("image workers");

const job = { client: "a", signal: new AbortController().signal };

function pool(options: Partial<{ size: number; memory: number; time: number }> = {}): {
  pool: ImagePool;
  replaced: () => number;
} {
  let replaced = 0;
  const metrics = { ...noMetrics, workerReplaced: () => replaced++ };
  return {
    pool: new ImagePool({ size: 1, memory: 64, time: 5000, metrics, ...options }),
    replaced: () => replaced,
  };
}

async function refused(work: Promise<unknown>): Promise<RequestError> {
  const error = await work.then(() => undefined, (error) => error);
  assert.instance(error, RequestError);
  return error;
}

test("concurrent decoding and encoding match the library", async () => {
  const { pool: images, replaced } = pool({ size: 2 });
  await using _end = images;
  const expected = await decodeImage(ring);
  const all = await Promise.all(
    Array.from({ length: 20 }, () => images.decode(ring, { maxPixels: 2000, ...job })),
  );
  for (const image of all) assert.equal(image, expected);
  // Small PNGs are written here, larger ones by a worker.
  for (const image of [expected, filledImage({ width: 200, height: 100 }, [9, 8, 7])]) {
    assert.equal(await decodeImage(await images.encode(image, { format: "png", ...job })), image);
  }
  assert.is(replaced(), 0);
});

test("a damaged file does not end the worker", async () => {
  const { pool: images, replaced } = pool();
  await using _end = images;
  for (let i = 0; i < 5; i++) {
    const error = await refused(images.decode(ring.slice(0, 600), { maxPixels: 2000, ...job }));
    assert.equal([error.status, error.code], [400, "invalid_image"]);
  }
  assert.is(replaced(), 0);
  assert.is((await images.decode(ring, { maxPixels: 2000, ...job })).width, 32);
});

test("a worker that takes too long is terminated and replaced", async () => {
  const { pool: images, replaced } = pool({ time: 150 });
  await using _end = images;
  // The slowest that there is: lossless WebP of noise, for which the time is far too short.
  const noise = filledImage({ width: 1500, height: 1500 }, [0, 0, 0]);
  for (let i = 0; i < noise.data.length; i++) noise.data[i] = (i * 2654435761) >>> 13;
  const slow = refused(images.encode(noise, { format: "webp", quality: 100, ...job }));
  const next = images.decode(ring, { maxPixels: 2000, ...job });
  const error = await slow;
  assert.equal([error.status, error.code], [504, "codec_timeout"]);
  assert.match(error.message, /limit codecTime/);
  await next.catch(() => {});
  assert.ok(replaced() >= 1);
});

test("a worker that runs out of memory fails one request", async () => {
  const { pool: images, replaced } = pool({ memory: 32, time: 1500 });
  await using _end = images;
  assert.is((await images.decode(ring, { maxPixels: 2000, ...job })).width, 32);
  // A size that only a broken caller would ask for: strings of its digits fill the heap of the thread.
  const hostile = { width: 1, height: 1, data: new Uint8Array(3) };
  Object.assign(hostile, { format: Array.from({ length: 1_000_000 }, (_, i) => ({ i })) });
  const { code } = await refused(images.encode(hostile, { format: "webp", ...job }));
  // Some versions of the runtime leave such a thread standing, instead of saying that it ended.
  assert.ok(["image_worker_failed", "codec_timeout"].includes(code), code);
  assert.is(replaced(), 1);
  assert.is((await images.decode(ring, { maxPixels: 2000, ...job })).width, 32);
});

test("cancelled work is ended, waiting or running", async () => {
  const { pool: images, replaced } = pool();
  await using _end = images;
  const client = new AbortController();
  const large = filledImage({ width: 1500, height: 1500 }, [0, 0, 0]);
  const work = [0, 1, 2].map(() =>
    images.encode(large, { format: "webp", quality: 100, client: "a", signal: client.signal }).catch(String)
  );
  client.abort(new Error("left"));
  assert.equal(await Promise.all(work), ["Error: left", "Error: left", "Error: left"]);
  assert.is((await images.decode(ring, { maxPixels: 2000, ...job })).width, 32);
  assert.ok(replaced() <= 1);
});

test.run();
