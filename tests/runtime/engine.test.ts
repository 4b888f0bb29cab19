import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { add, param, sqrt } from "../../src/graph/build.ts";
import { type Graph, trace } from "../../src/graph/trace.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { BackendError, NumericError } from "../../src/tensor/errors.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";

const test = suite("the engine of models");

/** √(x + w). */
const graph = (): Graph =>
  trace({ x: { shape: [2], dtype: "f32" } }, ({ x }) => ({ y: sqrt(add(x!, param("w", [2]))) }));
const source = (w: readonly number[]) => ({
  shapes: new Map([["w", [2]]]),
  read: () => Promise.resolve(Float32Array.from(w)),
});

/** A backend that counts how often it compiles and is disposed. */
class CountingBackend extends ReferenceBackend {
  compiled = 0;
  disposed = 0;

  override compile(
    ...args: Parameters<ReferenceBackend["compile"]>
  ): ReturnType<ReferenceBackend["compile"]> {
    this.compiled++;
    return super.compile(...args);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.disposed++;
    await super[Symbol.asyncDispose]();
  }
}

function load(backend: CountingBackend, w: readonly number[] = [0, 7]): Promise<Engine> {
  const model = { source: source(w), graphs: [graph()], format: "f32", programs: 2 } as const;
  return Engine.load(model, { backend });
}

const run = (engine: Engine, x: readonly number[]) =>
  engine.run("y", { graph, inputs: { x: f32Tensor([2], Float32Array.from(x)) }, action: "compute y" });

test("runs a cached program and leaves a borrowed backend to its owner", async () => {
  await using backend = new CountingBackend();
  {
    await using engine = await load(backend);
    assert.equal([...(await run(engine, [4, 9])).y!.data], [2, 4]);
    assert.equal([...(await run(engine, [1, 2])).y!.data], [1, 3]);
    assert.is(backend.compiled, 1);
  }
  assert.is(backend.disposed, 0);
});

test("refuses weights and results that are not finite", async () => {
  await using backend = new CountingBackend();
  const errors: Error[] = [await load(backend, [0, NaN]).catch((error) => error)];
  await using engine = await load(backend);
  errors.push(await run(engine, [-1, 0]).catch((error) => error));
  assert.ok(errors.every((error) => error instanceof NumericError), `${errors}`);
  assert.match(errors[0]!.message, /Cannot load the weight w/);
  assert.match(errors[1]!.message, /Cannot compute y/);
});

test("disposal waits for calls and locks, and refuses later ones", async () => {
  await using backend = new CountingBackend();
  const engine = await load(backend), { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const call = engine.call("compute y", () => gate.then(() => run(engine, [4, 9])));
  const lock = await engine.lock("compute y");
  let disposed = false;
  const disposal = engine[Symbol.asyncDispose]().then(() => disposed = true);
  open();
  assert.equal([...(await call).y!.data], [2, 4]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.not(disposed, "the lock is still held");
  lock[Symbol.dispose]();
  await disposal;
  for (const late of [() => engine.call("compute y", () => gate), () => engine.lock("compute y")]) {
    const error = await late().catch((error) => error);
    assert.instance(error, BackendError);
    assert.match(error.message, /Cannot compute y: expected a model in use, got one that was disposed/);
  }
});

test.run();
