import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Generation } from "../../src/transformer/generation.ts";
import { tinyGenerator } from "./tiny.ts";

const test = suite("generation tables");

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

  await using table = await generator.openBatch({ size: 3, guided: true });
  const places: (Generation | undefined)[] = new Array(3).fill(undefined);
  for (let step = 0; all.some(({ count }) => count < 16); step++) {
    places.forEach((generation, i) => {
      if (generation && generation.count < 16) return;
      // Some places stay empty for a while.
      places[i] = step % 3 === i ? waiting.shift() : undefined;
    });
    assert.equal(await table.step(places), [undefined, undefined, undefined]);
  }
  assert.equal(all.map(({ tokens }) => [...tokens]), expected.map(({ tokens }) => [...tokens.data]));
});

test("so are those without guidance", async () => {
  await using generator = await tinyGenerator();
  const request = { classIds: [1, 2], guidance: 0, seed: 5 };
  const places = generator.plan(request).flat();
  await using table = await generator.openBatch({ size: 2, guided: false });
  for (let step = 0; step < 16; step++) await table.step(places);
  const expected = await generator.generate(request);
  assert.equal(places.map(({ tokens }) => [...tokens]), expected.map(({ tokens }) => [...tokens.data]));
});

test.run();
