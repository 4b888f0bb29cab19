import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Program } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import type { WasmOptions } from "../../src/backend/wasm/machine.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { conv2d, groupNorm, param } from "../../src/graph/build.ts";
import { trace } from "../../src/graph/trace.ts";
import { ArgumentError, BackendError } from "../../src/tensor/errors.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";
import { compileAll, convolutions, inputOf, longConvolutions, longGraph, shortGraph } from "./programs.ts";
import { setups } from "./setups.ts";
import { skipIf } from "../support/skip.ts";

async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  assert.unreachable("it did not fail");
}

async function outputOf(program: Program, inputs: { x: HostTensor }): Promise<ArrayLike<number>> {
  return (await program.run(inputs)).y!.data;
}

for (const { title, options, missing } of setups) {
  const test = suite(`lifecycle of the WASM backend, ${title}`);
  const each = skipIf(missing, test);

  each("1,000 runs take no memory", async () => {
    await using backend = new WasmBackend(options);
    const { programs: [program] } = await compileAll(backend, [shortGraph]);
    const inputs = inputOf(shortGraph);
    for (let i = 0; i < 200; i++) await program!.run(inputs);
    const before = backend.memory, resident = Deno.memoryUsage().rss;
    for (let i = 0; i < 1000; i++) await program!.run(inputs);
    assert.equal(backend.memory, before);
    const growth = (Deno.memoryUsage().rss - resident) / 2 ** 20;
    assert.ok(growth < 50, `${growth} MiB more`);
  });

  each("programs and weights that are disposed give back all that they took", async () => {
    await using backend = new WasmBackend(options);
    const { allocated } = backend.memory;
    let reserved = 0;
    for (let i = 0; i < 20; i++) {
      const graphs = [shortGraph, convolutions(3, { size: 20 + i % 2, channels: 16 })];
      const { weights, programs } = await compileAll(backend, graphs);
      await programs[1]!.run(inputOf(graphs[1]!));
      for (const program of programs) await program[Symbol.asyncDispose]();
      await programs[0]![Symbol.asyncDispose]();
      await weights[Symbol.asyncDispose]();
      assert.is(backend.memory.allocated, allocated);
      if (i === 1) reserved = backend.memory.reserved;
      if (i > 1) assert.is(backend.memory.reserved, reserved);
    }
  });

  each("runs at the same time, of one program and of two, queue up and are right", async () => {
    await using backend = new WasmBackend(options);
    const graphs = [shortGraph, convolutions(3, { size: 9, channels: 16 })];
    const { weights, programs } = await compileAll(backend, graphs);
    const expected = [];
    for (const seed of [1, 2, 3]) {
      for (const [i, graph] of graphs.entries()) {
        expected.push(await outputOf(programs[i]!, inputOf(graph, seed)));
      }
    }
    const runs = [1, 2, 3].flatMap((seed) =>
      graphs.map((graph, i) => outputOf(programs[i]!, inputOf(graph, seed)))
    );
    // A program compiled meanwhile moves the memory that all work in.
    const wide = convolutions(2, { size: 40, channels: 8 });
    const late = backend.compile(wide, weights);
    const again = [1, 2, 3].flatMap((seed) =>
      graphs.map((graph, i) => outputOf(programs[i]!, inputOf(graph, seed)))
    );
    assert.equal(await Promise.all(runs), expected);
    assert.equal(await Promise.all(again), expected);
    await (await late).run(inputOf(wide));
    assert.equal(await outputOf(programs[0]!, inputOf(shortGraph, 1)), expected[0]);
  });

  each("an abort ends the run under way, and one that waits; the next is right", async () => {
    await using backend = new WasmBackend(options);
    const hugeGraph = convolutions(20 * longConvolutions, { size: 64, channels: 32 });
    const { programs: [short, long, huge] } = await compileAll(backend, [shortGraph, longGraph, hugeGraph]);
    const expected = await outputOf(short!, inputOf(shortGraph));
    let start = performance.now();
    await long!.run(inputOf(longGraph));
    const whole = 20 * (performance.now() - start);
    for (const after of [0, 10, 60]) {
      const reason = new Error("enough"), controller = new AbortController();
      start = performance.now();
      const running = huge!.run(inputOf(hugeGraph), { signal: controller.signal });
      const waiting = huge!.run(inputOf(hugeGraph), { signal: controller.signal });
      setTimeout(() => controller.abort(reason), after);
      assert.is(await rejection(waiting), reason);
      assert.is(await rejection(running), reason);
      const time = performance.now() - start;
      assert.ok(time < after + whole / 2, `aborted after ${after} of ${whole} ms, ended after ${time}`);
      assert.equal(await outputOf(short!, inputOf(shortGraph)), expected);
    }
    assert.instance(
      await rejection(short!.run(inputOf(shortGraph), { signal: AbortSignal.abort() })),
      DOMException,
    );
  });

  each("the caller's thread goes on meanwhile", async () => {
    await using backend = new WasmBackend(options);
    const { programs: [long] } = await compileAll(backend, [longGraph]);
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    const start = performance.now();
    await long!.run(inputOf(longGraph));
    clearInterval(timer);
    const possible = (performance.now() - start) / 10;
    assert.ok(turns >= possible / 10, `${turns} of ${possible} turns`);
  });

  each("what was disposed says so", async () => {
    const backend = new WasmBackend(options);
    const { weights, programs: [first, second] } = await compileAll(backend, [shortGraph, shortGraph]);
    await first![Symbol.asyncDispose]();
    assert.instance(await rejection(first!.run(inputOf(shortGraph))), BackendError);
    const running = second!.run(inputOf(shortGraph));
    await backend[Symbol.asyncDispose]();
    await running;
    assert.equal(backend.memory, { allocated: 0, reserved: 0 });
    assert.instance(await rejection(second!.run(inputOf(shortGraph))), BackendError);
    assert.instance(await rejection(backend.compile(shortGraph, weights)), BackendError);
    assert.instance(
      await rejection(backend.load(hashedWeights([shortGraph]), { graphs: [shortGraph] })),
      BackendError,
    );
    for (const owner of [second!, weights, backend]) await owner[Symbol.asyncDispose]();
  });

  each("weights that were disposed are not read", async () => {
    await using backend = new WasmBackend(options);
    const { weights, programs: [program] } = await compileAll(backend, [shortGraph]);
    await program!.run(inputOf(shortGraph));
    await weights[Symbol.asyncDispose]();
    assert.instance(await rejection(program!.run(inputOf(shortGraph))), BackendError);
    assert.instance(await rejection(backend.compile(shortGraph, weights)), BackendError);
  });

  test.run();
}

const test = suite("what the WASM backend refuses");

/** Limits of memory, and what the error says where a program needs more. */
const limits: readonly [string, WasmOptions, RegExp][] = [
  ["a run may take", {}, /at most 2048 MiB \(maxArenaBytes\), got \d{5} MiB/],
  ["was allowed", { maxArenaBytes: 10 * 2 ** 20 }, /at most 10 MiB \(maxArenaBytes\), got \d{5} MiB/],
  ["there is", { maxArenaBytes: Infinity }, /Cannot take \d{5} MiB of WASM memory/],
];

test("weights of another backend", async () => {
  await using backend = new WasmBackend({ threads: 1 });
  await using reference = new ReferenceBackend();
  const weights = await reference.load(hashedWeights([shortGraph]), { graphs: [shortGraph] });
  assert.instance(await rejection(backend.compile(shortGraph, weights)), ArgumentError);
});

for (const [title, options, message] of limits) {
  test(`more memory than ${title}, naming how much, and goes on`, async () => {
    await using backend = new WasmBackend({ threads: 1, ...options });
    const graphs = [shortGraph, convolutions(2, { size: 16_000, channels: 8 })];
    await using weights = await backend.load(hashedWeights(graphs), { graphs });
    await using program = await backend.compile(graphs[0]!, weights);
    const expected = await outputOf(program, inputOf(shortGraph));
    const { allocated } = backend.memory;
    const error = await rejection(backend.compile(graphs[1]!, weights));
    assert.instance(error, BackendError);
    assert.match((error as BackendError).message, message);
    assert.equal(await outputOf(program, inputOf(shortGraph)), expected);
    assert.is(backend.memory.allocated, allocated);
  });
}

test("normalisations of channels that fill no vector", async () => {
  await using backend = new WasmBackend({ threads: 1 });
  const graph = trace({ x: { shape: [1, 2, 2, 6], dtype: "f32" } }, ({ x }) => {
    const [weight, bias] = ["weight", "bias"].map((name) => param(name, [6]));
    const h = groupNorm(x!, { weight: weight!, bias: bias!, groups: 2, eps: 1e-6 });
    return { y: conv2d(h, { weight: param("conv.weight", [4, 6, 1, 1]), stride: 1, padding: 0 }) };
  });
  const weights = await backend.load(hashedWeights([graph]), { graphs: [graph] });
  assert.instance(await rejection(backend.compile(graph, weights)), BackendError);
});

test.run();
