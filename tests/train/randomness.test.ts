import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grad } from "../../src/autograd/grad.ts";
import { philox4x32 } from "../../src/tensor/philox.ts";
import { input, mul, total } from "../../src/graph/build.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { Dropper, type StepRandom, stepRandom } from "../../src/train/randomness.ts";
import { backends, runOnce } from "./backends.ts";

const test = suite("randomness of training");

const size = 20_000;

function countOf(data: ArrayLike<number>, which: (value: number, i: number) => boolean): number {
  return Array.from(data).filter(which).length;
}

for (const [title, open] of backends) {
  test(`dropout on ${title}: a tenth, as the words say, the same in the gradient`, async () => {
    await using backend = open();
    const x = input("x", { shape: [size], dtype: "f32" });
    const dropper = new Dropper(), y = dropper.drop(x, 0.1), other = dropper.drop(x, 0.1);
    const graph = graphOf({ y, other, gradient: grad(total(mul(y, x)), [x])[0]! });
    const ones = f32Tensor([size], new Float32Array(size).fill(1));
    const run = (random: StepRandom) => runOnce(backend, graph, { x: ones, ...stepRandom(random) });

    const first = await run({ seed: 2 ** 40 + 5, step: 3, microbatch: 2 });
    const kept = countOf(first.y!.data, (value) => value > 0);
    // Five standard deviations.
    assert.ok(Math.abs(kept / size - 0.9) < 5 * Math.sqrt(0.09 / size), `${kept} of ${size} are kept`);
    for (let i = 0; i < size; i += 997) {
      const word = philox4x32([5, 2 ** 8], [i >> 2, 0, 3, 2])[i % 4]!;
      assert.is(first.y!.data[i], word < Math.floor(0.1 * 2 ** 32) ? 0 : Math.fround(1 / 0.9));
    }
    // d(y·x)/dx = y + mask·x, both the same where x is 1.
    first.y!.data.forEach((value, i) => assert.is(first.gradient!.data[i], 2 * value));

    const again = await run({ seed: 2 ** 40 + 5, step: 3, microbatch: 2 });
    assert.equal(again.y!.data, first.y!.data);
    const others = [
      first.other!.data,
      ...await Promise.all(
        [
          { seed: 2 ** 40 + 6, step: 3, microbatch: 2 },
          { seed: 5, step: 3, microbatch: 2 },
          { seed: 2 ** 40 + 5, step: 4, microbatch: 2 },
          { seed: 2 ** 40 + 5, step: 3 },
        ].map(async (random) => (await run(random)).y!.data),
      ),
    ];
    for (const data of others) {
      const same = countOf(data, (value, i) => value === first.y!.data[i]);
      // Independent masks agree in 0.82 of the places.
      assert.ok(Math.abs(same / size - 0.82) < 0.015, `masks agree in ${same} of ${size} places`);
    }
  });

  test(`classes on ${title}: replaced now and then`, async () => {
    await using backend = open();
    const words = input("words", { shape: [size], dtype: "u32" });
    const replaced = new Dropper().replace(words, { rate: 0.1, none: 9 });
    const given = u32Tensor([size], Uint32Array.from({ length: size }, (_, i) => i % 9));
    const { y } = await runOnce(backend, graphOf({ y: replaced }), {
      words: given,
      ...stepRandom({ seed: 1, step: 0 }),
    });
    const count = countOf(y!.data, (word) => word === 9);
    assert.ok(Math.abs(count / size - 0.1) < 5 * Math.sqrt(0.09 / size), `${count} of ${size} are replaced`);
    assert.ok(y!.data.every((word, i) => word === 9 || word === given.data[i]));
  });
}

test("nothing is dropped at rate 0, and rates must be below 1", () => {
  const x = input("x", { shape: [4], dtype: "f32" }), words = input("words", { shape: [4], dtype: "u32" });
  assert.is(new Dropper().drop(x, 0), x);
  assert.is(new Dropper().replace(words, { rate: 0, none: 9 }), words);
  for (const rate of [1, -0.1, NaN]) {
    assert.throws(() => new Dropper().drop(x, rate), (error: unknown) => error instanceof ShapeError);
  }
});

test.run();
