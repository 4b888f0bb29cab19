import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  adamUpdate,
  add,
  apply,
  assign,
  constant,
  input,
  mul,
  packBits,
  reshape,
  state,
  sub,
} from "../../src/graph/build.ts";
import { fuse } from "../../src/graph/fuse.ts";
import { operationOf, type Tensor } from "../../src/graph/ops.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { ArgumentError, ShapeError } from "../../src/tensor/errors.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { backends } from "../train/backends.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

const test = suite("assignments to states");

const cell = (name: string) => state(name, { shape: [2, 2], dtype: "f32" });

test("an assignment stands behind its value and the last reader of its state, before and after fusion", () => {
  const a = cell("a"), b = cell("b"), x = input("x", { shape: [2, 2], dtype: "f32" });
  const first = assign(a, add(x, b));
  // Reads a, through a view, after the assignment was reached.
  const late = mul(reshape(a, [4]), constant(2));
  for (const graph of [graphOf({ late }, [first]), fuse(graphOf({ late }, [first]))]) {
    const ops = graph.tensors.map(operationOf);
    assert.ok(ops.indexOf("assign") > ops.indexOf("mul"), ops.join(" "));
    assert.is(graph.effects.length, 1);
  }
});

test("a step of Adam stands behind the last reader of each state that it writes", () => {
  const gradient = input("g", { shape: [2, 2], dtype: "f32" });
  const step = input("step", { shape: [3], dtype: "f32" });
  const [parameter, m, v, average] = ["p", "m", "v", "e"].map(cell) as [Tensor, Tensor, Tensor, Tensor];
  const attrs = { beta1: 0.9, beta2: 0.99, eps: 1e-8, decay: 0, averageDecay: 0.9 };
  const update = adamUpdate({ parameter, m, v, average, gradient, step }, attrs);
  for (const read of [parameter, m, v, average]) {
    const { tensors } = graphOf({ late: mul(read, constant(2)) }, [update]);
    assert.ok(tensors.indexOf(update) > tensors.findIndex((tensor) => operationOf(tensor) === "mul"));
  }
  assert.throws(() => graphOf({}, [update, assign(v, add(gradient, gradient))]), /twice/);
  assert.throws(
    () => adamUpdate({ parameter, m, v, gradient: m, step }, attrs),
    /another tensor than its own states/,
  );
  // A state may be the gradient, unless the same graph writes it.
  const held = adamUpdate({ parameter, m, v, gradient: average, step }, attrs);
  assert.is(graphOf({}, [held]).effects.length, 1);
  assert.throws(
    () => graphOf({}, [held, assign(average, add(gradient, gradient))]),
    /another assignment writes/,
  );
});

test("what is read, doubled or no value is refused", () => {
  const a = cell("a"), x = input("x", { shape: [2, 2], dtype: "f32" });
  const once = assign(a, x);
  assert.throws(() => graphOf({ y: add(once, x) }), (error: unknown) => error instanceof ArgumentError);
  assert.throws(() => graphOf({}, [once, assign(a, add(x, x))]), /twice/);
  assert.throws(() => assign(x, x), (error: unknown) => error instanceof ShapeError);
  assert.throws(() => assign(a, reshape(cell("b"), [2, 2])), (error: unknown) => error instanceof ShapeError);
  assert.throws(() => assign(a, input("y", { shape: [4], dtype: "f32" })), /\[2,2\]/);
});

for (const [title, open] of backends) {
  test(`states on ${title}: all ops see what was there before the run`, async () => {
    await using backend = open();
    const a = cell("a"), b = cell("b"), x = input("x", { shape: [2, 2], dtype: "f32" });
    const graph = graphOf({ y: sub(a, b), now: assign(b, add(b, a)) }, [assign(a, add(a, x))]);
    await using weights = await backend.load(hashedWeights([]), { graphs: [graph] });
    await using program = await backend.compile(graph, weights);
    const states = program.states!;
    await states.write("a", f32Tensor([2, 2], Float32Array.of(1, 2, 3, 4)));
    const ones = f32Tensor([2, 2], Float32Array.of(1, 1, 1, 1));
    const first = await program.run({ x: ones }), second = await program.run({ x: ones });
    assert.equal([...first.y!.data], [1, 2, 3, 4]);
    assert.equal([...second.y!.data], [2 - 1, 3 - 2, 4 - 3, 5 - 4]);
    assert.equal([...second.now!.data], [1 + 2, 2 + 3, 3 + 4, 4 + 5]);
    assert.equal([...(await states.read("a")).data], [3, 4, 5, 6]);
    for (const wrong of [() => states.read("c"), () => states.write("a", u32Tensor([2, 2]))]) {
      const error = await wrong().then(() => undefined, (error: unknown) => error);
      assert.instance(error, ArgumentError);
    }
  });
}

for (const [title, open] of backends) {
  test(`an assignment on ${title} waits for its condition, and then keeps even NaN out`, async () => {
    await using backend = open();
    const a = state("a", { shape: [5000], dtype: "f32" }), x = input("x", a);
    const count = input("count", { shape: [], dtype: "f32" });
    // The condition is computed last of all.
    const graph = graphOf({}, [
      apply("assign", { state: a, value: add(a, x), when: packBits(reshape(count, [1])) }, {}),
    ]);
    await using weights = await backend.load(hashedWeights([]), { graphs: [graph] });
    await using program = await backend.compile(graph, weights);
    const run = (value: number, count: number) =>
      program.run({
        x: f32Tensor([5000], new Float32Array(5000).fill(value)),
        count: f32Tensor([], Float32Array.of(count)),
      });
    await run(1, 1);
    await run(NaN, 0);
    await run(7, NaN);
    await run(2, 3);
    const { data } = await program.states!.read("a");
    assert.ok(data.every((value) => value === 3), `${data[0]}, ${data[4999]}`);
  });
}

test.run();
