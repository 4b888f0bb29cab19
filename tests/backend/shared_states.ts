import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { add, assign, constant, input, mul, state } from "../../src/graph/build.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";

const shape = [3];
const sum = () => state("sum", { shape, dtype: "f32" });

/** One program adds an input to a state, another halves it and counts in a state of its own. */
const adding = () => {
  const s = sum();
  return graphOf({}, [assign(s, add(s, input("x", { shape, dtype: "f32" })))]);
};
const halving = () => {
  const s = sum(), count = state("count", { shape: [], dtype: "f32" });
  return graphOf({ doubled: mul(s, constant(2)) }, [
    assign(s, mul(s, constant(0.5))),
    assign(count, add(count, constant(1))),
  ]);
};

/** Checks that programs share the states of one of them, and keep their own. */
export async function checkSharedStates(open: () => Backend): Promise<void> {
  await using backend = open();
  const source = { shapes: new Map(), read: () => Promise.reject(new Error("no weights")) };
  await using weights = await backend.load(source, { graphs: [] });
  await using first = await backend.compile(adding(), weights);
  await using apart = await backend.compile(adding(), weights);
  {
    await using second = await backend.compile(halving(), weights, { states: first });
    const x = f32Tensor(shape, Float32Array.of(1, 2, 3));
    await first.run({ x });
    await first.run({ x });
    const { doubled } = await second.run({});
    assert.equal([...doubled!.data], [4, 8, 12]);
    assert.equal([...(await first.states!.read("sum")).data], [1, 2, 3]);
    await second.states!.write("sum", f32Tensor(shape, Float32Array.of(7, 8, 9)));
    assert.equal([...(await first.states!.read("sum")).data], [7, 8, 9]);
    assert.is((await second.states!.read("count")).data[0], 1);
    assert.equal([...(await apart.states!.read("sum")).data], [0, 0, 0]);
  }
  // Disposing the second leaves the shared states to the first.
  await first.run({ x: f32Tensor(shape, Float32Array.of(1, 1, 1)) });
  assert.equal([...(await first.states!.read("sum")).data], [8, 9, 10]);

  const other = graphOf({}, [assign(
    state("sum", { shape: [2], dtype: "f32" }),
    input("y", {
      shape: [2],
      dtype: "f32",
    }),
  )]);
  await refused(
    () => backend.compile(other, weights, { states: first }),
    /share the state sum: expected f32 \[3\]/,
  );
  await using stranger = open();
  await using theirs = await stranger.load(source, { graphs: [] });
  await refused(
    () => stranger.compile(halving(), theirs, { states: first }),
    /a program of the same backend/,
  );
}

async function refused(work: () => Promise<unknown>, pattern: RegExp): Promise<void> {
  await work().then(() => assert.unreachable(), (error) => {
    assert.instance(error, ArgumentError);
    assert.match(error.message, pattern);
  });
}
