import { suite } from "uvu";
import * as assert from "uvu/assert";
import { filledImage } from "../../src/image/image.ts";
import { noModelMetrics } from "../../src/service/observe/metrics.ts";
import { nextTurn } from "../../src/backend/event_loop.ts";
import { BatchWindow } from "../../src/service/work/batch_window.ts";
import { FairQueue } from "../../src/service/work/fair_queue.ts";
import { packTokens, unpackTokens } from "../../src/service/work/packed_tokens.ts";
import { TokenizerBatcher } from "../../src/service/work/tokenizer_batcher.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { TokenizerDouble, until } from "./support.ts";

const test = suite("batching");

const never = new AbortController().signal;
const grey = (value: number, side = 8) => filledImage({ width: side, height: side }, [value, value, value]);

function batcher(double = new TokenizerDouble()): { double: TokenizerDouble; batcher: TokenizerBatcher } {
  return { double, batcher: new TokenizerBatcher(double, { metrics: noModelMetrics, expected: () => 100 }) };
}

test("clients are served in turn, each in its own order", () => {
  const queue = new FairQueue<string>();
  for (const job of ["a1", "a2", "a3", "b1", "b2", "c1"]) queue.add(job[0]!, job);
  assert.is(queue.take(), "a1");
  assert.ok(queue.remove("b1"));
  assert.not(queue.remove("b1"));
  assert.is(queue.take((job) => job.startsWith("c")), "c1");
  assert.equal([queue.take(), queue.take(), queue.take(), queue.take()], ["b2", "a2", "a3", undefined]);
  assert.is(queue.size, 0);
});

test("concurrent items form batches of the allowed sizes, and each gets its own result", async () => {
  const { double, batcher: work } = batcher();
  const job = { client: "a", signal: never };
  const values = Array.from({ length: 13 }, (_, i) => i * 10);
  const results = await Promise.all(values.map((value) => work.encode(grey(value), job)));
  results.forEach(({ data }, i) => assert.is(data[0], values[i]));
  assert.equal(double.batches, [8, 4, 1]);
});

test("a single item does not wait; others wait until all expected items have arrived", async () => {
  let present = 1, expected = 1;
  const window = new BatchWindow({ present: () => present, expected: () => expected, milliseconds: 1e9 });
  await window.wait();
  expected = 3;
  let over = false;
  const waiting = window.wait().then(() => over = true);
  for (const [here, enough] of [[2, false], [3, true]] as const) {
    present = here;
    window.arrived();
    await nextTurn();
    assert.is(over, enough);
  }
  await waiting;
});

test("sizes and directions do not mix", async () => {
  const { double, batcher: work } = batcher();
  const job = { client: "a", signal: never };
  const tokens = { grid: [2, 2] as const, codebookSize: 2 ** 18, data: new Uint32Array(4).fill(7) };
  const [small, large, image] = await Promise.all([
    work.encode(grey(1), job),
    work.encode(grey(2, 16), job),
    work.decode(tokens, job),
  ]);
  assert.equal([small.grid, large.grid, image.data[0]], [[2, 2], [4, 4], 7]);
  assert.equal(double.batches, [1, 1, 1]);
});

test("large images run alone", async () => {
  const { double, batcher: work } = batcher();
  const job = { client: "a", signal: never };
  await Promise.all([1, 2, 3].map((value) => work.encode(grey(value, 256), job)));
  assert.equal(double.batches, [1, 1, 1]);
});

test("a client with many images does not delay another", async () => {
  const { double, batcher: work } = batcher();
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const done: string[] = [];
  const send = (client: string) =>
    work.encode(grey(1), { client, signal: never }).then(() => done.push(client));
  const all = Array.from({ length: 24 }, () => send("many"));
  all.push(send("one"));
  gate.resolve();
  await Promise.all(all);
  assert.ok(done.indexOf("one") < 8, `${done.indexOf("one")}`);
});

test("a cancelled job does not affect its batch; when all jobs are cancelled the batch is", async () => {
  const { double, batcher: work } = batcher();
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const cancelled = new AbortController();
  const left = work.encode(grey(1), { client: "a", signal: cancelled.signal });
  const stayed = work.encode(grey(2), { client: "b", signal: never });
  await until(() => double.batches.length > 0, "the batch runs");
  cancelled.abort(new Error("left"));
  assert.is(double.aborted, 0);
  gate.resolve();
  assert.is((await stayed).data[0], 2);
  await left;

  double.gate = () => new Promise(() => {});
  const both = [new AbortController(), new AbortController()];
  const gone = both.map(({ signal }) => work.encode(grey(1), { client: "a", signal }).catch(String));
  await until(() => double.batches.length > 1, "the batch runs");
  both.forEach((controller) => controller.abort(new Error("left")));
  assert.equal(await Promise.all(gone), ["Error: left", "Error: left"]);
  assert.is(double.aborted, 1);
});

test("a job that is cancelled in the queue is never run", async () => {
  const { double, batcher: work } = batcher();
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const running = work.encode(grey(1), { client: "a", signal: never });
  await until(() => double.batches.length > 0, "work begins");
  const cancelled = new AbortController();
  const waiting = work.encode(grey(2), { client: "b", signal: cancelled.signal }).catch(String);
  cancelled.abort(new Error("left"));
  assert.is(await waiting, "Error: left");
  assert.is(work.waiting, 0);
  gate.resolve();
  await running;
  assert.equal(double.batches, [1]);
});

test("if a batch fails, its items are run one by one", async () => {
  const { double, batcher: work } = batcher();
  let calls = 0;
  double.gate = () => {
    // The batch of four fails, and then the second of it alone.
    if (++calls === 1 || calls === 3) throw new BackendError("Cannot finish the run");
    return Promise.resolve();
  };
  const job = { client: "a", signal: never };
  const results = await Promise.allSettled([1, 2, 3, 4].map((value) => work.encode(grey(value), job)));
  assert.equal(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  assert.is((await work.encode(grey(9), job)).data[0], 9);
});

test("packed tokens unpack to themselves, whatever the size of their codebook", () => {
  for (const codebookSize of [2, 100, 2 ** 7, 2 ** 8, 2 ** 14, 2 ** 18, 2 ** 32]) {
    const tokens = Uint32Array.from({ length: 13 }, (_, i) => (i * 2654435761 >>> 0) % codebookSize);
    const packed = packTokens(tokens, codebookSize);
    assert.equal(unpackTokens(packed, { count: 13, codebookSize }), tokens, `${codebookSize} codes`);
  }
  assert.equal([...packTokens(Uint32Array.of(5, 3), 8)], [0b011101]);
  assert.throws(() => unpackTokens(Uint8Array.of(0xff), { count: 1, codebookSize: 2 ** 7 }), /zeros after/);
});

test.run();
