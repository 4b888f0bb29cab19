/** Images of which a part is given: the tokens under the mask are drawn anew, the others stay. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError } from "../../src/tensor/errors.ts";
import type { Generator } from "../../src/transformer/generator.ts";
import type { GenerateOptions } from "../../src/transformer/request.ts";
import { tinyGenerator } from "./tiny.ts";

const test = suite("given images");

const request = { classIds: [3, 7], n: 2, seed: 11, guidance: 2 };
const positions = 16, ones = new Uint8Array(positions).fill(1);
let generator: Generator;

test.before(async () => {
  generator = await tinyGenerator({ threads: 1 });
});
test.after(() => generator[Symbol.asyncDispose]());

const tokensOf = async (options: Partial<GenerateOptions>) =>
  (await generator.generate({ ...request, ...options })).map(({ tokens }) => tokens);

/** The same by the slots of a batch, as a service does. */
async function bySlots(options: GenerateOptions): Promise<number[][]> {
  const planned = generator.plan(options).flat();
  await using batch = await generator.openBatch({ size: planned.length, guided: true });
  while (planned.some(({ count }) => count < positions)) {
    await batch.step(planned.map((one) => one.count < positions ? one : undefined));
  }
  return planned.map(({ tokens }) => [...tokens]);
}

test("a mask of ones gives what is generated without it, and one of zeros what was given", async () => {
  const free = await tokensOf({}), [tokens] = free;
  assert.equal(await tokensOf({ given: { tokens: tokens!, mask: ones } }), free);
  const kept = await tokensOf({ given: { tokens: tokens!, mask: new Array(positions).fill(false) } });
  for (const { data } of kept) assert.equal(data, tokens!.data);
});

test("what is drawn after tokens of the same image is that image", async () => {
  const [first] = await tokensOf({ classIds: 5 });
  for (let from = 0; from <= positions; from++) {
    const mask = Array.from({ length: positions }, (_, i) => i >= from);
    const [again] = await tokensOf({ classIds: 5, given: { tokens: first!, mask } });
    assert.equal(again!.data, first!.data, `from ${from}`);
  }
});

test("tokens outside of the mask stay, what comes before it does not matter, and slots give the same", async () => {
  const [base] = await tokensOf({ classIds: 1, seed: 99 });
  const mask = fc.array(fc.boolean(), { minLength: positions, maxLength: positions });
  const data = fc.uint32Array({ minLength: positions, maxLength: positions, max: 127 });
  await fc.assert(
    fc.asyncProperty(mask, data, async (mask, data) => {
      const options = { ...request, candidates: 1, given: { tokens: { ...base!, data }, mask } };
      const images = (await tokensOf(options)).map(({ data }) => [...data]);
      for (const image of images) {
        image.forEach((token, i) => mask[i] || assert.is(token, data[i]));
      }
      assert.equal(await bySlots(options), images);
      // What is drawn depends on what is given before the last drawn token, not on what is under the mask or after it.
      const end = mask.lastIndexOf(true) + 1;
      const other = data.map((token, i) => mask[i] || i >= end ? token ^ 1 : token);
      const again = await tokensOf({ ...options, given: { tokens: { ...base!, data: other }, mask } });
      again.forEach(({ data }, n) => data.forEach((token, i) => i < end && assert.is(token, images[n]![i])));
    }),
    { numRuns: 25, seed: 1 },
  );
});

test("of candidates the likeliest whole image is kept", async () => {
  const [base] = await tokensOf({ classIds: 1 }), mask = ones.map((_, i) => i % 2);
  const given = { tokens: base!, mask }, options = { classIds: 2, seed: 4, guidance: 2, given };
  const [best] = await tokensOf({ ...options, n: 1, candidates: 8 });
  const [candidates] = generator.plan({ ...options, candidates: 8 });
  await using batch = await generator.openBatch({ size: 8, guided: true });
  while (candidates![0]!.count < positions) await batch.step(candidates!);
  assert.equal((await generator.likeliest(candidates!)).tokens, best!.data);
  assert.ok(new Set(candidates!.map(({ tokens }) => tokens.join())).size > 1);
});

test("images of no class are those of the null condition", async () => {
  const [none] = await generator.generate({ ...request, classIds: null, n: 1 });
  assert.equal([none!.classId, none!.className], [generator.config.classes, undefined]);
  // Guidance towards the null condition from itself changes nothing.
  const plain = await tokensOf({ classIds: null, n: 1, guidance: 1 });
  assert.equal(plain[0]!.data, none!.tokens.data);
  assert.not.equal((await tokensOf({ classIds: 3, n: 1 }))[0]!.data, none!.tokens.data);
});

test("what does not fit is refused by its name", async () => {
  const [tokens] = await tokensOf({ classIds: 1 });
  for (
    const [given, names] of [
      [5, /given/],
      [{}, /given: tokens/],
      [{ tokens }, /given: mask/],
      [{ tokens, mask: ones.subarray(1) }, /given: mask: expected 16 times 0 or 1/],
      [{ tokens, mask: [...ones.subarray(1), 2] }, /given: mask/],
      [{ tokens, mask: "1".repeat(16) }, /given: mask/],
      [{ tokens: { ...tokens!, codebookSize: 64 }, mask: ones }, /given: tokens: expected 4×4 tokens of 128/],
      [{ tokens: { ...tokens!, grid: [2, 8] }, mask: ones }, /given: tokens.*got 2×8/],
      [{ tokens: { ...tokens!, data: new Uint32Array(16).fill(128) }, mask: ones }, /tokens below 128/],
    ] as [never, RegExp][]
  ) {
    const error = await generator.generate({ classIds: 1, given }).catch((error) => error);
    assert.instance(error, ArgumentError, String(names));
    assert.match(error.message, names);
  }
});

test.run();
