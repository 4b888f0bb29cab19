import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Slot } from "../../src/transformer/generation.ts";
import { tinyGenerator } from "./tiny.ts";

const test = suite("decode batches");

test("images of different requests, begun at different times, are what each alone is", async () => {
  await using generator = await tinyGenerator({ threads: 2 });
  const requests = [
    { classIds: 3, seed: 2 ** 40 + 7, guidance: [2, 3], topK: [0, 12] },
    { classIds: [7, 1], seed: 1, first: 5, guidance: 4, temperature: [1.1, 0.9], topP: 0.8 },
    { classIds: 9, seed: 2, guidance: 6, guidanceSchedule: "linear" },
    { classIds: 9, seed: 3, guidance: 2, greedy: true },
  ] as const;
  const waiting = requests.flatMap((request) => generator.plan(request).flat());
  const expected = (await Promise.all(requests.map((request) => generator.generate(request)))).flat();
  const all = [...waiting];

  await using batch = await generator.openBatch({ size: 3, guided: true });
  const slots: Slot[] = new Array(3).fill(undefined);
  for (let step = 0; all.some(({ count }) => count < 16); step++) {
    slots.forEach((generation, i) => {
      if (generation && generation.count < 16) return;
      // Some slots stay free for a while.
      slots[i] = step % 3 === i ? waiting.shift() : undefined;
    });
    assert.equal(await batch.step(slots), [undefined, undefined, undefined]);
  }
  assert.equal(all.map(({ tokens }) => [...tokens]), expected.map(({ tokens }) => [...tokens.data]));
});

test("so are those without guidance", async () => {
  await using generator = await tinyGenerator();
  const request = { classIds: [1, 2], guidance: 0, seed: 5 };
  const slots = generator.plan(request).flat();
  await using batch = await generator.openBatch({ size: 2, guided: false });
  for (let step = 0; step < 16; step++) await batch.step(slots);
  const expected = await generator.generate(request);
  assert.equal(slots.map(({ tokens }) => [...tokens]), expected.map(({ tokens }) => [...tokens.data]));
});

test.run();
