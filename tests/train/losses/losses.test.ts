import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grad } from "../../../src/autograd/grad.ts";
import { add, constant, input, total } from "../../../src/graph/build.ts";
import type { Tensor } from "../../../src/graph/ops.ts";
import { graphOf, tensorsOf } from "../../../src/graph/trace.ts";
import { nchwToNhwc } from "../../../src/image/pixels.ts";
import { Scope } from "../../../src/nn/scope.ts";
import { discriminatorLoss, generatorLoss, lecam } from "../../../src/train/losses/adversarial.ts";
import { lpips } from "../../../src/networks/lpips.ts";
import { l1Loss } from "../../../src/train/losses/reconstruction.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { f32Tensor, type HostTensor } from "../../../src/tensor/tensor.ts";
import { evaluateWide } from "../../autograd/wide.ts";
import { nmse, readGolden } from "../../golden/golden.ts";
import { hashed, hashedLpipsWeight } from "../../golden/hashed.ts";
import { backends, runOnce } from "../backends.ts";

const test = suite("losses");

const shape = [3, 4, 5, 1];
const real = hashed("real", shape, { scale: 2, offset: 0.3 }), fake = hashed("fake", shape, { scale: 2 });
const inputs = {
  real: input("real", { shape, dtype: "f32" }),
  fake: input("fake", { shape, dtype: "f32" }),
};
const values = { real: f32Tensor(shape, real), fake: f32Tensor(shape, fake) };

const mean = (x: ArrayLike<number>, fn: (value: number) => number) =>
  Array.from(x, fn).reduce((sum, value) => sum + value, 0) / x.length;
const softplus = (x: number) => Math.log(1 + Math.exp(x)), relu = (x: number) => Math.max(x, 0);
const byImage = (x: Float32Array) => [0, 20, 40].map((at) => mean(x.subarray(at, at + 20), (value) => value));

function holds(loss: Tensor, expected: number, more: Readonly<Record<string, HostTensor>> = {}): void {
  const [found] = Array.from(evaluateWide({ loss }, { ...values, ...more }).loss);
  assert.ok(Math.abs(found! - expected) < 1e-6 * Math.abs(expected), `${found}, expected ${expected}`);
}

test("L1, and the losses of generator and discriminator, by their formulas", () => {
  holds(
    l1Loss(inputs.real, inputs.fake),
    mean(real.map((value, i) => Math.abs(value - fake[i]!)), (value) => value),
  );
  holds(generatorLoss(inputs.fake), mean(byImage(fake), (value) => softplus(-value)));
  holds(
    discriminatorLoss("hinge", inputs),
    (mean(real, (value) => relu(1 - value)) + mean(fake, (value) => relu(1 + value))) / 2,
  );
  holds(
    discriminatorLoss("vanilla", inputs),
    (mean(real, (value) => softplus(-value)) + mean(fake, softplus)) / 2,
  );
  holds(
    discriminatorLoss("non-saturating", inputs),
    mean(byImage(real), (value) => softplus(-value)) + mean(byImage(fake), softplus),
  );
});

test("LeCam takes the batch into its averages first, and no gradient through them", () => {
  const before = {
    real: input("emaReal", { shape: [], dtype: "f32" }),
    fake: input("emaFake", { shape: [], dtype: "f32" }),
  };
  const given = {
    emaReal: f32Tensor([], Float32Array.of(0.5)),
    emaFake: f32Tensor([], Float32Array.of(-0.25)),
  };
  const { loss, averages } = lecam(inputs, before);
  const emaReal = 0.999 * 0.5 + 0.001 * mean(real, (value) => value);
  const emaFake = 0.999 * -0.25 + 0.001 * mean(fake, (value) => value);
  holds(averages.real, emaReal, given);
  holds(averages.fake, emaFake, given);
  holds(
    loss,
    mean(real, (value) => relu(value - emaFake) ** 2) + mean(fake, (value) => relu(emaReal - value) ** 2),
    given,
  );
  const [dReal] = grad(loss, [inputs.real]);
  const found = evaluateWide({ dReal: dReal! }, { ...values, ...given }).dReal;
  const expected = Array.from(real, (value) => 2 * relu(value - emaFake) / real.length);
  assert.ok(nmse(found, expected) < 1e-12);
});

test("LeCam's averages move in a step of several microbatches as in one of a single batch", () => {
  const zero = () => constant(0);
  const whole = lecam(inputs, { real: zero(), fake: zero() }).averages;
  let parts = { real: zero(), fake: zero() };
  for (let i = 0; i < 4; i++) parts = lecam(inputs, parts, { microbatches: 4 }).averages;
  const found = evaluateWide({ one: whole.real, four: parts.real }, values);
  assert.ok(Math.abs(found.four![0]! / found.one![0]! - 1) < 1e-6, `${found.four}, not ${found.one}`);
});

for (const [title, open] of backends) {
  test(`lpips_vgg16 on ${title}: distance and gradient`, async () => {
    await using backend = open();
    const golden = await readGolden("lpips_vgg16");
    const size = JSON.parse(golden.metadata.shape!);
    const image = (name: string) => nchwToNhwc(f32Tensor(size, hashed(golden.metadata[name]!, size)));
    const a = input("a", { shape: [size[0], size[2], size[3], 3], dtype: "f32" });
    const b = input("b", { shape: a.shape, dtype: "f32" });
    const distance = lpips(new Scope("lpips"), a, b);
    const graph = graphOf({ distance, grad_b: grad(total(distance), [b])[0]! });
    const shapes = new Map(tensorsOf(graph, "param").map(({ attrs }) => [attrs.name, attrs.shape]));
    const keys = (JSON.parse(golden.metadata.keys!) as string[]).map((key) => `lpips.${key}`);
    assert.equal([...shapes.keys()].sort(), keys.sort(), "the names of the weights");
    const read = (name: string) => hashedLpipsWeight(name.slice("lpips.".length), shapes.get(name)!);
    const source = { shapes, read: (name: string) => Promise.resolve(read(name)) };
    const results = await runOnce(backend, graph, { a: image("a"), b: image("b") }, source);
    const error = nmse(results.distance!.data, golden.tensor("distance").data);
    assert.ok(error <= 1e-6, `distance: NMSE ${error}`);
    const expected = nchwToNhwc(golden.tensor("grad_b") as HostTensor<"f32">);
    const wrong = nmse(results.grad_b!.data, expected.data);
    assert.ok(wrong <= 1e-6, `grad_b: NMSE ${wrong}`);
  });
}

test("images without features have a distance, and a gradient that is a number", async () => {
  const a = input("a", { shape: [1, 16, 16, 3], dtype: "f32" });
  const distance = lpips(new Scope("lpips"), a, add(a, a));
  const graph = graphOf({ distance, dx: grad(total(distance), [a])[0]! });
  const shapes = new Map(tensorsOf(graph, "param").map(({ attrs: { name, shape } }) => [name, shape]));
  const zeros = (name: string) => Promise.resolve(new Float32Array(sizeOf(shapes.get(name)!)));
  await using backend = backends[1]![1]();
  const results = await runOnce(backend, graph, { a: f32Tensor(a.shape) }, { shapes, read: zeros });
  assert.ok([...results.distance!.data, ...results.dx!.data].every((value) => value === 0));
});

test.run();
