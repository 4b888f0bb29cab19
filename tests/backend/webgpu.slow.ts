import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { WeightSource } from "../../src/backend/backend.ts";
import { findAdapter } from "../../src/backend/webgpu/adapter.ts";
import { openDevice } from "../../src/backend/webgpu/device.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { add, assign, attentionStep, constant, input, mul, state, sub } from "../../src/graph/build.ts";
import { ArgumentError, BackendError } from "../../src/tensor/errors.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { missingAdapter } from "./adapter.ts";
import { compileAll, convolutions, inputOf, shortGraph } from "./programs.ts";
import { survivesLoss } from "./webgpu_loss.ts";
import { skipIf } from "../support/skip.ts";

const noWeights: WeightSource = { shapes: new Map(), read: () => Promise.reject() };
/** Convolutions that are cut into parts. */
const longGraph = convolutions(3, { size: 24, channels: 16 });

const test = suite("the WebGPU backend");
const each = skipIf(missingAdapter, test);

async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw assert.unreachable("it did not fail");
}

for (const keepWeights of [true, false]) {
  const how = keepWeights ? "kept in host memory" : "read again";
  each(
    `a device that is destroyed fails one run, five times; weights are ${how}`,
    () => survivesLoss(5, { keepWeights }),
  );
}

each("200 runs make no buffers, and one read-back each", async () => {
  await using backend = new WebGpuBackend();
  const { programs: [program] } = await compileAll(backend, [shortGraph]);
  const inputs = inputOf(shortGraph);
  await program!.run(inputs);
  const before = backend.counters;
  for (let i = 0; i < 200; i++) await program!.run(inputs);
  const after = backend.counters;
  assert.is(after.buffers, before.buffers);
  assert.is(after.bufferBytes, before.bufferBytes);
  assert.is(after.pipelines, before.pipelines);
  assert.is(after.readBacks - before.readBacks, 200);
  assert.is(after.dispatches - before.dispatches, 200 * program!.stats.commands);
});

each("programs and weights that are disposed give back all buffers but the arena", async () => {
  await using backend = new WebGpuBackend();
  let kept = 0;
  for (let i = 0; i < 5; i++) {
    const graphs = [shortGraph, convolutions(3, { size: 20 + i % 2, channels: 16 })];
    const { weights, programs } = await compileAll(backend, graphs);
    await programs[1]!.run(inputOf(graphs[1]!));
    for (const program of programs) await program[Symbol.asyncDispose]();
    await weights[Symbol.asyncDispose]();
    kept ||= backend.counters.buffers;
    assert.is(backend.counters.buffers, kept);
  }
  assert.is(kept, 1);
});

each("the arena of a large program is freed once idle, and made again for the next run", async () => {
  const idle = { bytes: 2 ** 20, time: 200 };
  await using backend = new WebGpuBackend({}, { idle });
  const wide = convolutions(2, { size: 120, channels: 32 }), wideBytes = 120 ** 2 * 32 * 4;
  const { programs: [short, large] } = await compileAll(backend, [shortGraph, wide]);
  const few = await short!.run(inputOf(shortGraph)), many = await large!.run(inputOf(wide));
  const { buffers, bufferBytes } = backend.counters;
  assert.equal(await large!.run(inputOf(wide)), many);
  assert.is(backend.counters.buffers, buffers, "runs in a row make none");
  for (let i = 0; i < 100 && backend.counters.bufferBytes > bufferBytes - wideBytes; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(backend.counters.bufferBytes <= bufferBytes - wideBytes);
  assert.equal(await short!.run(inputOf(shortGraph)), few);
  assert.ok(backend.counters.bufferBytes <= bufferBytes - wideBytes, "a small program takes what it needs");
  assert.equal(await large!.run(inputOf(wide)), many);
});

each("runs at the same time queue up and are right, also when another program moves the arena", async () => {
  await using backend = new WebGpuBackend();
  const wide = convolutions(2, { size: 40, channels: 8 });
  const { weights, programs: [program] } = await compileAll(backend, [shortGraph]);
  const one = await program!.run(inputOf(shortGraph, 1)), two = await program!.run(inputOf(shortGraph, 2));
  const running = [1, 2].map((seed) => program!.run(inputOf(shortGraph, seed)));
  const late = backend.compile(wide, weights);
  const again = [1, 2].map((seed) => program!.run(inputOf(shortGraph, seed)));
  assert.equal(await Promise.all([...running, ...again]), [one, two, one, two]);
  await (await late).run(inputOf(wide));
  assert.equal(await program!.run(inputOf(shortGraph, 1)), one);
});

each("steps in a row, without the host between, give what runs one by one give", async () => {
  await using backend = new WebGpuBackend();
  const a = input("a", { shape: [5], dtype: "f32" }), b = input("b", { shape: [5], dtype: "f32" });
  const graph = graphOf({ y: add(mul(a, constant(10)), b), z: sub(a, b) });
  await using weights = await backend.load(noWeights, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const filled = (value: number) => f32Tensor([5], new Float32Array(5).fill(value));
  const before = backend.counters.readBacks;
  const steps = await program.runMany!([{ a: filled(1), b: filled(1) }, { a: filled(2) }, { a: filled(3) }], {
    feedback: { b: "y" },
  });
  assert.equal(steps.map(({ y, z }) => [y!.data[0], z!.data[4]]), [[11, 0], [31, -9], [61, -28]]);
  assert.is(backend.counters.readBacks, before + 1);
  assert.instance(
    await rejection(program.runMany!([{ a: filled(1) }], { feedback: { b: "y" } })),
    ArgumentError,
  );
  assert.instance(await rejection(program.runMany!([], { feedback: { b: "w" } })), ArgumentError);
});

each("steps copy only the inputs whose values change, whatever tensors they come in", async () => {
  const [a, b] = ["a", "b"].map((name) => input(name, { shape: [64], dtype: "f32" })) as [Tensor, Tensor];
  const count = state("count", { shape: [64], dtype: "f32" });
  const graph = graphOf({ y: add(add(a, b), count) }, [assign(count, add(count, constant(1)))]);
  const filled = (value: number) => f32Tensor([64], new Float32Array(64).fill(value));
  await using backend = new WebGpuBackend({ training: trainingShaders });
  await using weights = await backend.load(noWeights, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const written = async (values: readonly number[]) => {
    const before = backend.counters.bytesWritten;
    const outputs = await program.runMany!(values.map((value) => ({ a: filled(value), b: filled(10) })), {
      feedback: {},
    });
    return { bytes: backend.counters.bytesWritten - before, first: outputs.map(({ y }) => y!.data[0]) };
  };
  const same = await written([1, 1, 1]), other = await written([1, 2, 3]);
  assert.equal([same.first, other.first], [[11, 12, 13], [14, 16, 18]]);
  assert.is(other.bytes - same.bytes, 2 * 4 * 64);
});

each("states that are lost with the device are an error once, then zeros", async () => {
  const device = { current: undefined as GPUDevice | undefined };
  const open = async () => device.current = await openDevice();
  await using backend = new WebGpuBackend({}, { open });
  const spec = (shape: number[], dtype: "f32" | "u32") => ({ shape, dtype });
  const qkv = input("qkv", spec([1, 12], "f32")), position = input("position", spec([1], "u32"));
  const cache = state("cache", { shape: [1, 2, 1, 3, 4], dtype: "f32" });
  const graph = graphOf({ y: attentionStep(qkv, { cache, position, heads: 1 }) });
  await using weights = await backend.load(noWeights, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const at = (i: number) => ({
    qkv: f32Tensor([1, 12], Float32Array.from({ length: 12 }, (_, j) => Math.sin(i + j))),
    position: u32Tensor([1], Uint32Array.of(i)),
  });
  const first = await program.run(at(0)), second = await program.run(at(1));
  device.current!.destroy();
  await device.current!.lost;
  assert.match((await rejection(program.run(at(2)))).message, "states were lost");
  assert.equal(await program.run(at(0)), first);
  assert.equal(await program.run(at(1)), second);
});

each("an abort ends a run between submits, and the next is right", async () => {
  await using backend = new WebGpuBackend({ flopPerSubmit: 1e5 });
  const long = convolutions(40, { size: 16, channels: 8 });
  const { programs: [program] } = await compileAll(backend, [long]);
  const expected = await program!.run(inputOf(long)), whole = backend.counters.submits;
  const controller = new AbortController(), reason = new Error("enough");
  const running = program!.run(inputOf(long), { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 3);
  assert.is(await rejection(running), reason);
  assert.equal(await program!.run(inputOf(long)), expected);
  assert.ok(backend.counters.submits < 3 * whole, "the aborted run went on to its end");
});

each(
  "a profile has the time of each command, by timestamps or by waiting, and leaves no buffers",
  async () => {
    const waiting = async () => await (await findAdapter())!.requestDevice();
    for (const open of [openDevice, waiting]) {
      await using backend = new WebGpuBackend({ flopPerSubmit: 1e5 }, { open });
      const { programs: [program] } = await compileAll(backend, [longGraph]);
      await program!.run(inputOf(longGraph));
      const { buffers } = backend.counters;
      const times = await program!.profile(inputOf(longGraph));
      assert.is(times.length, program!.stats.commands);
      assert.ok(times.every(({ kernel, seconds }) => kernel === "conv" && seconds > 0 && seconds < 10));
      assert.is(times.reduce((sum, { flop }) => sum + flop, 0), program!.stats.flop);
      assert.is(backend.counters.buffers, buffers);
    }
  },
);

each("a device of the caller's is used, never destroyed, and not replaced when it is lost", async () => {
  const device = await openDevice();
  {
    await using backend = new WebGpuBackend({ device });
    const { programs: [program] } = await compileAll(backend, [shortGraph]);
    await program!.run(inputOf(shortGraph));
  }
  let lost = false;
  device.lost.then(() => lost = true);
  device.createBuffer({ size: 16, usage: GPU_COPY_DST }).destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.not(lost);
  await using backend = new WebGpuBackend({ device });
  const { programs: [program] } = await compileAll(backend, [shortGraph]);
  device.destroy();
  await device.lost;
  assert.match((await rejection(program!.run(inputOf(shortGraph)))).message, "was lost");
  assert.match((await rejection(program!.run(inputOf(shortGraph)))).message, "a new device");
});

each("what is larger than a binding of the device is bound in pieces", async () => {
  const limit = (await findAdapter())!.limits.maxStorageBufferBindingSize;
  const length = limit / 4 + 1000;
  // On adapters with large bindings this would need more memory than a test should.
  if (limit > 2 ** 28) return;
  await using backend = new WebGpuBackend();
  const graph = graphOf({ y: add(input("x", { shape: [length], dtype: "f32" }), constant(1)) });
  await using weights = await backend.load(noWeights, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const x = Float32Array.from({ length }, (_, i) => i % 4099);
  const { y } = await program.run({ x: f32Tensor([length], x) });
  assert.is(y!.data.length, length);
  assert.is(y!.data.findIndex((value, i) => value !== i % 4099 + 1), -1);
});

each("what takes more bindings than the device has is refused by name", async () => {
  await using backend = new WebGpuBackend({}, { limits: { binding: 256, buffer: 4096 } });
  const graph = graphOf({ y: add(input("x", { shape: [1 << 20], dtype: "f32" }), constant(1)) });
  await using weights = await backend.load(noWeights, { graphs: [graph] });
  const error = await rejection(backend.compile(graph, weights));
  assert.instance(error, BackendError);
  assert.match(
    error.message,
    /lhs of binary is too large.* bindings of 0\.0 MiB at most, got .* for 4\.0 MiB/,
  );
});

each("what was disposed says so", async () => {
  const backend = new WebGpuBackend();
  const { weights, programs: [first, second] } = await compileAll(backend, [shortGraph, shortGraph]);
  await first![Symbol.asyncDispose]();
  assert.instance(await rejection(first!.run(inputOf(shortGraph))), BackendError);
  await weights[Symbol.asyncDispose]();
  assert.instance(await rejection(second!.run(inputOf(shortGraph))), BackendError);
  await backend[Symbol.asyncDispose]();
  assert.is(backend.counters.buffers, 0);
  assert.instance(await rejection(second!.run(inputOf(shortGraph))), BackendError);
  assert.instance(await rejection(backend.compile(shortGraph, weights)), BackendError);
});

each("wrong inputs and weights of another backend are refused", async () => {
  await using backend = new WebGpuBackend(), other = new WebGpuBackend();
  const { weights, programs: [program] } = await compileAll(backend, [shortGraph]);
  try {
    await program!.run({ x: f32Tensor([1, 2, 2, 8]) });
    assert.unreachable("it ran");
  } catch (error) {
    assert.instance(error, ArgumentError);
  }
  assert.instance(await rejection(other.compile(shortGraph, weights)), ArgumentError);
});

/** GPUBufferUsage.COPY_DST. */
const GPU_COPY_DST = 0x8;

test.run();
