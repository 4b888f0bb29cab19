import { suite } from "uvu";
import * as assert from "uvu/assert";
import { noModelMetrics } from "../../src/service/observe/metrics.ts";
import { GenerationScheduler, type ServableGenerator } from "../../src/service/work/generation_scheduler.ts";
import { BackendError, NumericError } from "../../src/tensor/errors.ts";
import type { Generation } from "../../src/transformer/generation.ts";
import type { StepOutcome } from "../../src/transformer/decode_batch.ts";
import { defaultSampling } from "../../src/transformer/settings.ts";

const test = suite("scheduling of generations");

const never = new AbortController().signal;

function generation(index: number, { guided = true, length = 16 } = {}): Generation {
  const settings = guided ? defaultSampling : { ...defaultSampling, guidance: [0, 0] as const };
  return { classId: 0, index, candidate: 0, seed: 0, settings, tokens: new Uint32Array(length), count: 0 };
}

/** A generator that records which image is in which slot; its tokens encode image and position. */
class GeneratorDouble {
  /** The images in the slots of the batch, step by step. */
  readonly steps: (number | undefined)[][] = [];
  closed = 0;
  onStep: (slots: readonly (Generation | undefined)[], step: number) => StepOutcome[] | void = () => {};

  openBatch({ size, guided }: { size: number; guided: boolean }) {
    const step = async (slots: readonly (Generation | undefined)[]): Promise<StepOutcome[]> => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.steps.push(slots.map((slot) => slot?.index));
      const outcomes = this.onStep(slots, this.steps.length) ?? [];
      slots.forEach((slot, i) => {
        if (slot && !outcomes[i]) slot.tokens.set([slot.index * 100 + slot.count], slot.count++);
      });
      return slots.map((_, i) => outcomes[i]);
    };
    return Promise.resolve({
      size,
      guided,
      step,
      [Symbol.asyncDispose]: () => Promise.resolve(void this.closed++),
    });
  }
}

function scheduler(): { double: GeneratorDouble; work: GenerationScheduler } {
  const double = new GeneratorDouble();
  return {
    double,
    work: new GenerationScheduler(double as unknown as ServableGenerator, {
      metrics: noModelMetrics,
      expected: () => 0,
    }),
  };
}

const tokensOf = (index: number) => Array.from({ length: 16 }, (_, i) => index * 100 + i);

test("a single image takes the smallest batch; images that arrive together share a batch", async () => {
  const { double, work } = scheduler();
  await work.generate(generation(1), { client: "a", signal: never });
  assert.ok(double.steps.every((slots) => slots.length === 1));
  const from = double.steps.length;
  const all = await Promise.all(
    [1, 2, 3].map((i) => work.generate(generation(i), { client: "a", signal: never })),
  );
  assert.equal(all.map((tokens) => [...tokens]), [1, 2, 3].map(tokensOf));
  assert.equal(double.steps.slice(from), new Array(16).fill([1, 2, 3, undefined]));
  await work[Symbol.asyncDispose]();
  assert.is(double.closed, 2);
});

test("an image that arrives later joins at the next token", async () => {
  const { double, work } = scheduler();
  const first = [1, 2, 3].map((i) => work.generate(generation(i), { client: "a", signal: never }));
  let late: Promise<Uint32Array> | undefined;
  double.onStep = (_, step) => {
    if (step === 5) late = work.generate(generation(4), { client: "b", signal: never });
  };
  await Promise.all(first);
  assert.equal(double.steps[4], [1, 2, 3, undefined]);
  assert.equal(double.steps[5], [1, 2, 3, 4]);
  assert.equal([...await late!], tokensOf(4));
});

test("free slots go to clients in turn", async () => {
  const { work } = scheduler();
  const done: string[] = [];
  const send = (client: string, i: number) =>
    work.generate(generation(i), { client, signal: never }).then(() => done.push(client));
  const all = Array.from({ length: 40 }, (_, i) => send("many", i));
  all.push(send("one", 40));
  await Promise.all(all);
  assert.ok(done.indexOf("one") < 16, `${done.indexOf("one")}`);
});

test("guided and plain images are generated in alternation", async () => {
  const { double, work } = scheduler();
  const both = [generation(1), generation(2, { guided: false })];
  await Promise.all(both.map((one) => work.generate(one, { client: "a", signal: never })));
  assert.equal(double.steps.slice(0, 4), [[1], [2], [1], [2]]);
});

test("the slot of a cancelled image is free at the next token and filled again", async () => {
  const { double, work } = scheduler();
  const cancelled = new AbortController();
  const others = Array.from(
    { length: 16 },
    (_, i) => work.generate(generation(i), { client: "a", signal: never }),
  );
  const left = work.generate(generation(16), { client: "b", signal: cancelled.signal }).catch(String);
  double.onStep = (slots, step) => {
    if (step !== 3) return;
    assert.ok(slots.some((slot) => slot?.index === 16));
    cancelled.abort(new Error("left"));
  };
  assert.is(await left, "Error: left");
  await Promise.all(others);
  assert.not(double.steps[3]!.includes(16));
  assert.ok(double.steps[3]!.every((slot) => slot !== undefined), "the slot is filled from the queue");
  assert.is(work.waiting + work.active, 0);
});

test("after a failed step images are restarted with the same result; after a second one they fail", async () => {
  const { double, work } = scheduler();
  double.onStep = (_, step) => {
    if (step === 7) throw new BackendError("Cannot finish the run");
  };
  const all = await Promise.all(
    [1, 2].map((i) => work.generate(generation(i), { client: "a", signal: never })),
  );
  assert.equal(all.map((tokens) => [...tokens]), [1, 2].map(tokensOf));
  assert.is(double.steps.length, 7 + 16);

  double.onStep = () => {
    throw new BackendError("Cannot finish the run");
  };
  const failed = await work.generate(generation(3), { client: "a", signal: never }).catch((error) => error);
  assert.instance(failed, BackendError);
  double.onStep = () => {};
  assert.equal([...await work.generate(generation(4), { client: "a", signal: never })], tokensOf(4));
});

test("an image with logits that are not finite fails alone", async () => {
  const { double, work } = scheduler();
  double.onStep = (slots) =>
    slots.map((slot) => slot?.index === 2 ? new NumericError("Cannot generate") : undefined);
  const all = await Promise.allSettled(
    [1, 2, 3].map((i) => work.generate(generation(i), { client: "a", signal: never })),
  );
  assert.equal(all.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
});

test("if there is no memory for a batch, all images are generated in smaller ones", async () => {
  const { double, work } = scheduler();
  const { openBatch } = double, refused: number[] = [];
  double.openBatch = (options) => {
    if (options.size <= 2) return openBatch.call(double, options);
    refused.push(options.size);
    return Promise.reject(new BackendError("Cannot allocate"));
  };
  const all = await Promise.all(
    Array.from({ length: 7 }, (_, i) => work.generate(generation(i), { client: "a", signal: never })),
  );
  assert.equal(all.map((tokens) => [...tokens]), all.map((_, i) => tokensOf(i)));
  assert.equal(refused, [8, 4]);
  assert.is(Math.max(...double.steps.map((slots) => slots.length)), 2);
});

test("if no batch can be opened, the queued images fail", async () => {
  const { double, work } = scheduler();
  const { openBatch } = double;
  double.openBatch = () => Promise.reject(new BackendError("Cannot allocate"));
  const failed = await work.generate(generation(1), { client: "a", signal: never }).catch((error) => error);
  assert.instance(failed, BackendError);
  double.openBatch = openBatch;
  assert.equal([...await work.generate(generation(4), { client: "a", signal: never })], tokensOf(4));
});

test.run();
