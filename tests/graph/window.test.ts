import { suite } from "uvu";
import * as assert from "uvu/assert";
import { evaluate } from "../../src/backend/reference/evaluate.ts";
import { averagePool, conv, depthToSpace, input, maxPool, pad } from "../../src/graph/build.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { causal, outputSizes, type Padding } from "../../src/graph/window.ts";
import { ShapeError } from "../../src/tensor/errors.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { hashed } from "../golden/hashed.ts";

const test = suite("windows over spatial axes");

const given = (name: string, shape: Shape): Tensor => input(name, { shape, dtype: "f32" });
const none: readonly Padding[] = [[0, 0], [0, 0]];

/** What `build` is refused with. */
function refused(build: () => Tensor): string {
  try {
    build();
  } catch (error) {
    assert.instance(error, ShapeError);
    return (error as Error).message;
  }
  throw new Error("It was built");
}

test("a window has as many places as fit, by axis", () => {
  const sizes = (length: number, kernel: number, stride: number, padding: Padding) =>
    outputSizes([length], { kernel: [kernel], stride: [stride], padding: [padding] })[0];
  assert.is(sizes(7, 3, 1, [1, 1]), 7);
  assert.is(sizes(8, 3, 2, [0, 1]), 4);
  assert.is(sizes(224, 11, 4, [2, 2]), 55);
  assert.is(sizes(17, 3, 2, causal(3)), 9);
  assert.is(sizes(2, 3, 1, [0, 0]), 0);
});

test("shapes follow the windows", () => {
  const x = given("x", [2, 17, 32, 24, 3]), weight = given("weight", [8, 3, 3, 3, 1]);
  const y = conv(x, { weight, stride: [2, 2, 1], padding: [causal(3), [0, 1], [0, 0]] });
  assert.equal(y.shape, [2, 9, 16, 24, 8]);
  assert.equal(depthToSpace(y).shape, [2, 9, 32, 48, 2]);
  const line = given("line", [2, 9, 4]);
  assert.equal(maxPool(line, { kernel: [3], stride: [2], padding: [[1, 1]] }).shape, [2, 5, 4]);
  assert.equal(pad(line, [[0, 0], [1, 2], [0, 0]]).shape, [2, 12, 4]);
});

test("what does not fit is refused by name", () => {
  const x = given("x", [1, 4, 4, 3]), weight = given("weight", [8, 3, 5, 5]);
  const stride = [1, 1];
  assert.match(refused(() => conv(x, { weight, stride, padding: none })), /conv: x: expected at least 5×5/);
  assert.match(
    refused(() => conv(x, { weight, stride: [1], padding: none })),
    /conv: stride: expected an entry/,
  );
  const flat = given("weight", [8, 3, 5]);
  assert.match(
    refused(() => conv(x, { weight: flat, stride, padding: none })),
    /conv: weight: expected 4 axes/,
  );
  assert.match(
    refused(() => maxPool(x, { kernel: [2, 2], stride, padding: [[2, 0], [0, 0]] })),
    /pool: padding: expected less than the kernel 2×2/,
  );
  assert.match(
    refused(() => averagePool(given("x", [4, 3]), { kernel: [], stride: [], padding: [] })),
    /pool: x: expected \[N,…,C\] with one to three spatial axes/,
  );
  assert.match(refused(() => pad(x, none)), /pad: padding: expected a pair for each of 4 axes/);
});

test("a convolution that is causal in time reads no later frame", () => {
  const shape = [1, 5, 3, 3, 2], weight = given("weight", [2, 2, 3, 3, 3]);
  const y = conv(given("x", shape), { weight, stride: [1, 1, 1], padding: [causal(3), [1, 1], [1, 1]] });
  const values = f32Tensor(shape, hashed("x", shape));
  const taps = f32Tensor(weight.shape, hashed("weight", weight.shape));
  const run = (x: typeof values) => evaluate(y as Parameters<typeof evaluate>[0], { x, weight: taps }).data;
  const frame = 3 * 3 * 2, changed = f32Tensor(shape, values.data.slice());
  changed.data.fill(9, 3 * frame, 4 * frame);
  const [before, after] = [run(values), run(changed)];
  assert.equal(after.slice(0, 3 * frame), before.slice(0, 3 * frame));
  for (const t of [3, 4]) {
    assert.not.equal(after.slice(t * frame, (t + 1) * frame), before.slice(t * frame, (t + 1) * frame));
  }
});

test.run();
