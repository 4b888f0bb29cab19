import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input, state } from "../../../src/graph/build.ts";
import { graphOf, tensorsOf } from "../../../src/graph/trace.ts";
import { adam, adamStep } from "../../../src/train/optimizer/adam.ts";
import { clipFactor, gradientNorm } from "../../../src/train/optimizer/clip.ts";
import { emaName } from "../../../src/train/optimizer/ema.ts";
import {
  cosineWithWarmup,
  multiStep,
  warmupCosine,
  warmupHoldLinear,
} from "../../../src/train/optimizer/schedules.ts";
import { ArgumentError } from "../../../src/tensor/errors.ts";
import { f32Tensor } from "../../../src/tensor/tensor.ts";
import { hashed } from "../../golden/hashed.ts";
import { hashedWeights } from "../../golden/tokenizer_golden.ts";
import { evaluateWide } from "../../autograd/wide.ts";
import { backends } from "../backends.ts";

const test = suite("optimizers");

const betas = { beta1: 0.9, beta2: 0.95 }, shape = [3, 5];

/** AdamW on one matrix whose gradient is an input, with its moving average. */
function step() {
  const parameter = state("w", { shape, dtype: "f32" }), gradient = input("g", { shape, dtype: "f32" });
  const scale = input("scale", { shape: [], dtype: "f32" });
  return graphOf({}, adam([{ parameter, gradient, decay: 0.1 }], { ...betas, emaDecay: 0.9, scale }));
}

for (const [title, open] of backends) {
  test(`AdamW and averages on ${title}, by their formulas; a resumed run is the same to the bit`, async () => {
    await using backend = open();
    const graph = step(), names = tensorsOf(graph, "state").map(({ attrs }) => attrs.name);
    await using weights = await backend.load(hashedWeights([]), { graphs: [graph] });
    await using whole = await backend.compile(graph, weights);
    await using resumed = await backend.compile(graph, weights);
    const start = hashed("start", shape);
    for (const name of ["w", emaName("w")]) await whole.states!.write(name, f32Tensor(shape, start));
    const w = Float64Array.from(start), m = w.map(() => 0), v = w.map(() => 0), average = w.slice();
    for (let t = 1; t <= 6; t++) {
      const gradient = hashed(`gradient ${t}`, shape), learningRate = 0.01 * t;
      const inputs = {
        g: f32Tensor(shape, gradient.map((g) => 2 * g)),
        scale: f32Tensor([], Float32Array.of(0.5)),
        ...adamStep({ step: t, learningRate }, betas),
      };
      await whole.run(inputs);
      if (t === 3) {
        for (const name of names) await resumed.states!.write(name, await whole.states!.read(name));
      }
      if (t > 3) await resumed.run(inputs);
      gradient.forEach((g, i) => {
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.95 * v[i]! + 0.05 * g * g;
        const change = m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.95 ** t)) + 1e-8);
        w[i] = w[i]! * (1 - learningRate * 0.1) - learningRate * change;
        average[i]! += 0.1 * (w[i]! - average[i]!);
      });
    }
    for (const [name, expected] of [["w", w], [emaName("w"), average]] as const) {
      const { data } = await whole.states!.read(name);
      data.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${name} ${i}`));
    }
    for (const name of names) {
      assert.equal((await resumed.states!.read(name)).data, (await whole.states!.read(name)).data, name);
    }
  });
}

test("gradients are clipped by their common length, and left alone below it", () => {
  const gradients = [input("a", { shape: [2], dtype: "f32" }), input("b", { shape: [1], dtype: "f32" })];
  const norm = gradientNorm(gradients), factor = clipFactor(norm, 6.5);
  const outputs = { factor, norm };
  const long = { a: f32Tensor([2], Float32Array.of(3, 4)), b: f32Tensor([1], Float32Array.of(12)) };
  const clipped = evaluateWide(outputs, long);
  assert.is(clipped.norm[0], 13);
  assert.ok(Math.abs(clipped.factor[0]! - 0.5) < 1e-6);
  const short = { a: f32Tensor([2], Float32Array.of(3, 0)), b: f32Tensor([1], Float32Array.of(4)) };
  assert.equal(Array.from(evaluateWide(outputs, short).factor), [1]);
});

test("only states can be trained", () => {
  const w = input("w", { shape, dtype: "f32" });
  assert.throws(
    () => adam([{ parameter: w, gradient: w }], betas),
    (error: unknown) => error instanceof ArgumentError,
  );
});

test("schedules begin, hold and end as they say", () => {
  const near = (value: number, expected: number) => assert.ok(Math.abs(value - expected) < 1e-12, `${value}`);
  const options = { steps: 1001, warmupSteps: 100, start: 0.005, end: 0.1 };
  for (const schedule of [warmupCosine(options), warmupHoldLinear(options)]) {
    near(schedule(0), 0.005);
    near(schedule(50), 0.005 + 0.995 / 2);
    near(schedule(100), 1);
    near(schedule(1000), 0.1);
    near(schedule(5000), 0.1);
  }
  near(warmupCosine(options)(550), 0.55);
  near(warmupHoldLinear(options)(144), 1);
  // Half is past: (0.5/0.95) of the way down is left.
  near(warmupHoldLinear(options)(550), 0.1 + 0.9 * 0.5 / 0.95);
  const steps = [0, 9, 10, 19, 20].map(multiStep([10, 20]));
  for (const [i, factor] of [1, 1, 0.1, 0.1, 0.01].entries()) near(steps[i]!, factor);
  near(warmupCosine({ ...options, warmupSteps: 0 })(0), 1);
  const rising = cosineWithWarmup({ steps: 4000, warmupSteps: 100, end: 0.02 });
  near(rising(0), 0.01);
  near(rising(49), 0.5 * (0.51 + 0.49 * Math.cos(Math.PI * 49 / 4000)));
  near(rising(2000), 0.51);
});

test.run();
