import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, Program } from "../../src/backend/backend.ts";
import { createMachine } from "../../src/backend/wasm/machine.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { conv2d, linear, param } from "../../src/graph/build.ts";
import { type Graph, trace } from "../../src/graph/trace.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";
import { compileAll, convolutions, inputOf, shortGraph } from "./programs.ts";
import { setups } from "./setups.ts";
import { skipIf } from "../support/skip.ts";

const idle = { bytes: 2 ** 23, time: 200 };

/** Little comes and goes, and much is between. */
function wide(side: number): Graph {
  return trace({ x: { shape: [1, side, side, 4], dtype: "f32" } }, ({ x }) => {
    const [wide, narrow] = [param("wide", [64, 4, 3, 3]), param("narrow", [4, 64, 3, 3])];
    const h = conv2d(x!, { weight: wide, stride: 1, padding: 1 });
    return { y: conv2d(h, { weight: narrow, stride: 1, padding: 1 }) };
  });
}
const wideGraph = wide(240), wideBytes = 240 ** 2 * 64 * 4;
const inputs = new Map([[wideGraph, inputOf(wideGraph)], [shortGraph, inputOf(shortGraph)]]);

const matrixGraph = trace(
  { x: { shape: [3, 64], dtype: "f32" } },
  ({ x }) => ({ y: linear(x!, { weight: param("matrix", [96, 64]) }) }),
);

/** A part of what comes out. */
async function outputOf(program: Program, graph: Graph): Promise<ArrayLike<number>> {
  return (await program.run(inputs.get(graph) ?? inputOf(graph))).y!.data.slice(-5000);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !done(); i++) await pause(25);
  assert.ok(done());
}

const test = suite("memory of a process");

test("the resident set falls back once a large program is idle, and when it is disposed", async () => {
  const graph = wide(640), bytes = 640 ** 2 * 64 * 4, kept = bytes / 2;
  await using backend = new WasmBackend({}, createMachine({}, { idle }));
  const { programs: [program] } = await compileAll(backend, [graph]);
  const x = inputOf(graph), before = resident();
  for (let i = 0; i < 3; i++) {
    await program!.run(x);
    assert.ok(resident() > before + 0.9 * bytes, "it is taken");
    if (i < 2) await until(() => resident() < before + kept);
  }
  await backend[Symbol.asyncDispose]();
  await until(() => resident() < before + kept);
});

test("training keeps its memory", async () => {
  const options = { threads: 1, training: trainingKernels }, machine = createMachine(options, { idle });
  await using backend = new WasmBackend(options, machine);
  const { programs: [program] } = await compileAll(backend, [wideGraph]);
  await program!.run(inputs.get(wideGraph)!);
  const { memory } = machine.heap;
  await pause(2 * idle.time);
  assert.is(machine.heap.memory, memory);
});

test.run();

// One of each kind that runs tables.
const chosen = setups.filter(({ options: { threads, variant } }) => threads === 2 || variant === "simd");
for (const { title, options, missing } of chosen) {
  const test = suite(`memory that is not needed, ${title}`);
  const each = skipIf(missing, test);

  each("what a large program worked in is given back once idle, and taken again", async () => {
    const machine = createMachine(options, { idle });
    await using backend = new WasmBackend(options, machine);
    const { programs: [short, wide] } = await compileAll(backend, [shortGraph, wideGraph]);
    const few = await outputOf(short!, shortGraph), many = await outputOf(wide!, wideGraph);
    const { memory } = machine.heap;
    assert.ok(backend.memory.reserved > wideBytes);
    for (let i = 0; i < 6; i++) {
      await pause(idle.time / 5);
      assert.equal(await outputOf(wide!, wideGraph), many);
    }
    assert.is(machine.heap.memory, memory, "large runs in a row keep their memory");
    // Small runs meanwhile do not keep the large program's memory.
    const running = setInterval(() => void outputOf(short!, shortGraph), idle.time / 4);
    await until(() => backend.memory.reserved < wideBytes / 4);
    clearInterval(running);
    assert.equal(await outputOf(short!, shortGraph), few);
    assert.ok(backend.memory.reserved < wideBytes / 4, "a small program takes no more than it needs");
    assert.equal(await outputOf(wide!, wideGraph), many);
    assert.ok(backend.memory.reserved > wideBytes);
  });

  each("however runs, loads and pauses follow one another, results are the same", async () => {
    await using still = new WasmBackend(options);
    const graphs = [shortGraph, convolutions(2, { size: 40, channels: 16 }), matrixGraph];
    const { programs } = await compileAll(still, graphs);
    const expected = await Promise.all(graphs.map((graph, i) => outputOf(programs[i]!, graph)));
    const machine = createMachine(options, { idle: { bytes: 1, time: 0 } });
    await using backend = new WasmBackend(options, machine);
    const moving = await compileAll(backend, graphs);
    const memories = new Set([machine.heap.memory]);
    const step = fc.record({
      kind: fc.constantFrom("run", "run", "load", "pause"),
      which: fc.nat(graphs.length - 1),
      waits: fc.boolean(),
    });
    const steps = fc.array(step, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const works: Promise<void>[] = [];
        for (const { kind, which, waits } of steps) {
          const graph = graphs[which]!;
          const work = async () => {
            if (kind === "pause") return await pause(3);
            if (kind === "run") {
              return assert.equal(await outputOf(moving.programs[which]!, graph), expected[which]);
            }
            await using loaded = await loadSlowly(backend, graph);
            assert.equal(await outputOf(loaded, graph), expected[which]);
          };
          works.push(work());
          if (waits) await works.at(-1);
          memories.add(machine.heap.memory);
        }
        await Promise.all(works);
      }),
      { numRuns: 4 },
    );
    assert.ok(memories.size > 1, `${memories.size} memories`);
  });

  test.run();
}

function resident(): number {
  return Deno.memoryUsage().rss;
}

/** A program with weights of its own, which are read with pauses in which memory may move. */
async function loadSlowly(backend: Backend, graph: Graph): Promise<Program & AsyncDisposable> {
  const source = hashedWeights([graph]);
  const weights = await backend.load(
    { ...source, read: (name) => pause(2).then(() => source.read(name)) },
    { graphs: [graph] },
  );
  const program = await backend.compile(graph, weights);
  const dispose = program[Symbol.asyncDispose].bind(program);
  return Object.assign(program, {
    [Symbol.asyncDispose]: async () => {
      await dispose();
      await weights[Symbol.asyncDispose]();
    },
  });
}
