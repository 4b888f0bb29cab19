import * as assert from "uvu/assert";
import type { Backend, Program, Weights, WeightSource } from "../../src/backend/backend.ts";
import { add, apply, assign, input, param, state } from "../../src/graph/build.ts";
import { type Graph, graphOf } from "../../src/graph/trace.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { formsOf, wrongWords } from "../support/number_forms.ts";
import { thrown } from "../support/thrown.ts";

const rows = 5, width = 2, table = Float32Array.from({ length: rows * width }, (_, i) => i / 4);

/** `y` = rows of the table by `index` + `x` + the state `kept`, which then is `x`. */
function exampleGraph(): Graph {
  const shape = [2, width], x = input("x", { shape, dtype: "f32" });
  const kept = state("kept", { shape, dtype: "f32" });
  const index = input("index", { shape: [2], dtype: "u32" });
  const found = apply("embedding", { table: param("table", [rows, width]), index }, {});
  const y = add(add(found, x), kept);
  return graphOf({ y }, [assign(kept, add(x, y))]);
}

/** A backend with the example loaded. Disposing frees all. */
export interface Opened extends AsyncDisposable {
  readonly backend: Backend;
  readonly weights: Weights;
  readonly program: Program;
}

/** The weights of the example. */
export const source: WeightSource = {
  shapes: new Map([["table", [rows, width]]]),
  read: () => Promise.resolve(table),
};

/** Compiles the example. */
export async function openExample(open: () => Backend): Promise<Opened> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(open()), graph = exampleGraph();
  const weights = stack.use(await backend.load(source, { graphs: [graph] }));
  const program = stack.use(await backend.compile(graph, weights));
  const all = stack.move();
  return { backend, weights, program, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** The example's result for an index and x, given in any way. */
export async function run({ program }: Opened, given: Record<string, unknown> = {}): Promise<number[]> {
  await program.states!.write("kept", f32Tensor([2, width]));
  const inputs = { index: u32Tensor([2], [4, 1]), x: f32Tensor([2, width], [1, 2, 3, 4]), ...given };
  const { y } = await program.run(inputs as Record<string, HostTensor>);
  return [...y!.data];
}

/** Checks that every list of the same numbers gives the same, as inputs, states and weights. */
export async function checkForms(open: () => Backend): Promise<void> {
  await using example = await openExample(open);
  const { backend, program } = example, expected = [3, 4.25, 3.5, 4.75];
  assert.equal(await run(example), expected);
  for (const data of formsOf([4, 1])) {
    assert.equal(await run(example, { index: { dtype: "u32", shape: [2], data } }), expected, nameOf(data));
  }
  for (const data of formsOf([1, 2, 3, 4])) {
    const x = { dtype: "f32", shape: [2, width], data } as HostTensor;
    assert.equal(await run(example, { x }), expected, nameOf(data));
    await program.states!.write("kept", x);
    assert.equal([...(await program.states!.read("kept")).data], [1, 2, 3, 4], nameOf(data));
  }
  const graph = exampleGraph();
  await using weights = await backend.load(
    { ...source, read: () => Promise.resolve([...table] as unknown as Float32Array) },
    { graphs: [graph] },
  );
  await using same = await backend.compile(graph, weights);
  assert.equal(await run({ ...example, program: same }), expected);
}

/** Checks that wrong arguments of every method are refused by name. */
export async function checkWrong(open: () => Backend): Promise<void> {
  await using example = await openExample(open);
  const { backend, weights, program } = example, states = program.states!, graph = exampleGraph();
  const odd: unknown[] = [undefined, null, 5, "x", [], {}, () => {}, Promise.resolve({}), Symbol("odd")];
  const tensors = [...odd, f32Tensor([2]), { dtype: "i32", shape: [2], data: [4, 1] }, [4, 1]];
  const words = wrongWords(2).map((data) => ({ dtype: "u32", shape: [2], data }));
  const beyond = [rows, 2 ** 32 - 1].map((one) => u32Tensor([2], [0, one]));
  const misshapen = [[], [3], [2, 1], [1, 2], [2.5], "2", null, [-2]].map((shape) => ({
    dtype: "u32",
    shape,
    data: new Uint32Array(2),
  }));
  const indices: unknown[] = [...tensors, ...words, ...beyond, ...misshapen];
  for (const index of indices) await refuses("input index", () => run(example, { index }), index);
  const doubles = Float64Array.of(0.1, 0, 0, 0);
  const floats = [...tensors, u32Tensor([2, width]), { dtype: "f32", shape: [2, width], data: doubles }];
  for (const x of floats) await refuses("input x", () => run(example, { x }), x);
  for (const value of floats) await refuses("kept", () => states.write("kept", value as never), value);
  for (const name of odd) await refuses("state", () => states.read(name as never), name);
  const objects = odd.filter((value) => Object.getPrototypeOf(value ?? 0) !== Object.prototype);
  for (const inputs of objects) await refuses("input", () => program.run(inputs as never), inputs);
  for (const inputs of objects) await refuses("input", () => program.profile(inputs as never), inputs);

  const inputs = { index: u32Tensor([2]), x: f32Tensor([2, width]) };
  const notOptions = [...objects.slice(1), { signl: 1 }, { signal: 1 }];
  for (const options of notOptions) {
    await refuses("(options|sign)", () => program.run(inputs, options as never));
  }
  const loads = [...odd.slice(0, 5), { graphs: 5 }, { graphs: [{}] }, { graphs: [graph], format: "q5" }];
  for (const options of loads) {
    await refuses("(options|graphs|format)", () => backend.load(source, options as never));
  }
  for (const one of odd) await refuses("source", () => backend.load(one as never, { graphs: [graph] }), one);
  const read = (value: unknown) => ({ ...source, read: () => Promise.resolve(value as Float32Array) });
  const values = [
    ...odd.slice(0, 7),
    table.slice(1),
    Float64Array.from(table, () => 0.1),
    new Array(rows * width),
  ];
  for (const value of values) {
    await refuses("weight table", () => backend.load(read(value), { graphs: [graph] }), value);
  }
  for (const one of odd) await refuses("graph", () => backend.compile(one as never, weights), one);
  for (const one of odd) await refuses("weights", () => backend.compile(graph, one as never), one);
  await using stranger = await openExample(open);
  await refuses("weights", () => backend.compile(graph, stranger.weights));
  await refuses("states", () => backend.compile(graph, weights, { states: stranger.program }));
  for (const options of [...objects.slice(1), { activations: "q8" }, { states: {} }]) {
    await refuses("(options|activations|states)", () => backend.compile(graph, weights, options as never));
  }
  if (program.runMany) await checkSteps(program, inputs);
  // What was refused left nothing behind.
  assert.equal(await run(example), [3, 4.25, 3.5, 4.75]);
}

async function checkSteps(program: Program, inputs: Record<string, HostTensor>): Promise<void> {
  const many = program.runMany!.bind(program), feedback = { x: "y" };
  const wrong: [RegExp, unknown, unknown][] = [
    [/steps/, 5, { feedback }],
    [/input x/, [{ index: inputs.index }], { feedback }],
    [/input index/, [inputs, {}], { feedback }],
    [/input index/, [inputs, { index: u32Tensor([2], [rows, 0]) }], { feedback }],
    [/feedback/, [inputs], {}],
    [/feedback/, [inputs], { feedback: { x: "z" } }],
    [/feedback/, [inputs], { feedback: { index: "y" } }],
    [/feedback/, [inputs], { feedback: { x: 5 } }],
    [/options/, [inputs], 5],
  ];
  for (const [message, steps, options] of wrong) {
    await thrown(ArgumentError, () => many(steps as never, options as never), message);
  }
  const lists = [inputs, { index: { ...inputs.index, data: Int32Array.of(1, 2) } as unknown as HostTensor }];
  const [, last] = await many(lists, { feedback });
  assert.is(last!.y!.data.length, 2 * width);
}

/** Asserts that the work fails with an `ArgumentError` that names the argument. */
async function refuses(argument: string, work: () => unknown, value?: unknown): Promise<void> {
  const error = await thrown(ArgumentError, work, new RegExp(`^Cannot .*${argument}`));
  assert.ok(
    error.expected && (error.got || error.subject.includes("option ")),
    `${error.message}: expected and got, of ${Deno.inspect(value)}`,
  );
}

function nameOf({ constructor: { name } }: object): string {
  return name;
}
